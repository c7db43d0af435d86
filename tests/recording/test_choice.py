"""Of several values that could be replaced, the first that is wrong by itself is chosen."""

from __future__ import annotations

import pytest

from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget
from gradcheck.recording.choice import Choice
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.remedy_checks import RemedyChecks
from gradcheck.recording.substitutions import Substitutions
from tests.recording.searched import PERCEPTRON, TWO_USES, searched, text_of


def choice_and_remedies(blame: Blame) -> tuple[Choice, list[Remedy]]:
    search = Substitutions(blame.dataflow, blame.backward, blame.slopes, Budget(1e6))
    checks = RemedyChecks(blame.dataflow, blame.backward, blame.slopes, blame.operands)
    choice = Choice(blame.dataflow, blame.backward, blame.operands, checks)
    found = list(search.remedies(blame.backward.suspects(), {}, {0}))
    return choice, found


@pytest.mark.parametrize(
    ("source", "right", "wrong", "line"),
    [
        (PERCEPTRON, "dz = r * slope", "dz = r * slope * slope", "dz = r * slope * slope"),
        (PERCEPTRON, "dw = X.T @ dz", "dw = X.T @ (3.0 * dz)", "dw = X.T @ (3.0 * dz)"),
        (PERCEPTRON, "return dw", "return -dw", "return -dw"),
        (TWO_USES, "da = one + y", "da = one * y", "da = one * y"),
    ],
)
def test_the_mistake_is_chosen_and_neither_what_it_reads_nor_what_reads_it(
    source: str, right: str, wrong: str, line: str
) -> None:
    blame = searched(source, right, wrong)
    choice, found = choice_and_remedies(blame)
    assert len({each.site for each in found}) > 1 or line == "return -dw"
    best = choice.best_of(found, {0})
    assert text_of(blame, blame.recording.sites[best.site].unit) == line
    assert choice.is_alone(best, found, {0})


@pytest.mark.parametrize(("written", "is_alone"), [("dz + dz", False), ("2.0 * dz", True)])
def test_a_sum_brings_in_no_constant_so_what_it_reads_may_be_wrong_as_well(written: str, is_alone: bool) -> None:
    blame = searched(PERCEPTRON, "dw = X.T @ dz", f"du = {written}; dw = X.T @ du")
    choice, found = choice_and_remedies(blame)
    best = choice.best_of(found, {0})
    assert text_of(blame, blame.recording.sites[best.site].unit) == f"du = {written}"
    assert best.factor == pytest.approx(2.0)
    assert choice.is_alone(best, found, {0}) is is_alone
