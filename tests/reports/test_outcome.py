"""Outcomes of targets: exit statuses, and the order by gravity."""

from __future__ import annotations

import pytest

from gradcheck.reports.outcome import Outcome, worst_first
from tests.reports.outcomes import broken, failing, fault, passing, undecided


@pytest.mark.parametrize(
    ("outcome", "verdict", "status"),
    [
        (passing(), "pass", 0),
        (failing(), "fail", 1),
        (broken(), "error", 2),
        (undecided(), "undecided", 3),
        (fault(), "error", 70),
    ],
)
def test_verdict_and_exit_status(outcome: Outcome, verdict: str, status: int) -> None:
    assert outcome.verdict == verdict
    assert outcome.exit_status == status
    assert outcome.passes == (status == 0)


def test_the_worst_comes_first_and_the_largest_error_before_smaller_ones() -> None:
    small, large = failing("small", 1.01), failing("large", 5.0)
    outcomes = [passing(), undecided(), small, broken(), large, fault()]
    assert worst_first(outcomes) == [fault(), large, small, broken(), undecided(), passing()]


def test_parts_of_an_error() -> None:
    assert (broken().summary, broken().details) == ("no such file", "second line")
    assert broken().named is None
    named = failing().named
    assert named is not None
    assert named.target == "wrong.py:make"
