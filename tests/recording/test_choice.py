"""Of several values that could be replaced, the first that is wrong by itself is chosen."""

from __future__ import annotations

import pytest

from gradcheck.recording.budget import Budget
from gradcheck.recording.choice import Choice
from gradcheck.recording.remedy_checks import RemedyChecks
from gradcheck.recording.substitutions import Substitutions
from tests.recording.searched import PERCEPTRON, TWO_USES, searched, text_of


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
    search = Substitutions(blame.dataflow, blame.backward, blame.slopes, Budget(1e6))
    checks = RemedyChecks(blame.dataflow, blame.backward, blame.slopes, blame.operands)
    choice = Choice(blame.dataflow, blame.backward, blame.operands, checks)
    found = list(search.remedies(blame.backward.suspects(), {}, {0}))
    assert len({each.site for each in found}) > 1 or line == "return -dw"
    best = choice.best_of(found, {0})
    assert text_of(blame, blame.recording.sites[best.site].unit) == line
    assert choice.is_alone(best, found, {0})
