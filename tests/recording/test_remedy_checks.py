"""What a value that could be replaced is by itself: wrong, right, or another name for what is read."""

from __future__ import annotations

import pytest

from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.remedy_checks import RemedyChecks
from gradcheck.recording.substitutions import Substitutions
from tests.recording.searched import PERCEPTRON, searched, text_of


def checks_of(blame: Blame) -> RemedyChecks:
    return RemedyChecks(blame.dataflow, blame.backward, blame.slopes, blame.operands)


def remedies(blame: Blame) -> dict[str, Remedy]:
    """The last remedy of each line."""
    search = Substitutions(blame.dataflow, blame.backward, blame.slopes, Budget(1e6))
    sites = blame.recording.sites
    found = search.remedies(blame.backward.suspects(), {}, {0})
    return {text_of(blame, sites[each.site].unit): each for each in found}


@pytest.fixture(scope="module")
def tripled() -> Blame:
    return searched(PERCEPTRON, "X.T @ dz", "X.T @ (3.0 * dz)")


def test_a_right_derivative_before_a_constant_is_not_wrong(tripled: Blame) -> None:
    checks, found = checks_of(tripled), remedies(tripled)
    assert checks.is_own_adjoint(found["dz = r * slope"])
    assert not checks.is_wrong_by_itself(found["dz = r * slope"], [])
    assert not checks.is_own_adjoint(found["dw = X.T @ (3.0 * dz)"])
    assert checks.is_wrong_by_itself(found["dw = X.T @ (3.0 * dz)"], [])


def test_what_is_returned_as_it_is_is_a_name_and_wrong_only_by_what_it_names(tripled: Blame) -> None:
    checks, found = checks_of(tripled), remedies(tripled)
    assert [line for line, remedy in found.items() if checks.is_renaming(remedy)] == ["return dw"]
    assert checks.only_passes_on(found["return dw"])
    assert not checks.only_passes_on(found["dw = X.T @ (3.0 * dz)"])
    assert not checks.is_wrong_by_itself(found["return dw"], [])  # what it reads has the same constant


def test_a_residual_is_made_of_no_derivative(tripled: Blame) -> None:
    checks, found = checks_of(tripled), remedies(tripled)
    assert [line for line, remedy in found.items() if checks.is_head(remedy)] == ["r = a - y"]
    assert [line for line, remedy in found.items() if checks.reads_innocent(remedy)] == ["r = a - y"]


def test_a_value_that_is_nothing_is_wrong() -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", "dz = r + slope")
    assert checks_of(blame).is_wrong_by_itself(remedies(blame)["dz = r + slope"], [])
