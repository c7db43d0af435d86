"""The gravest of several exit statuses."""

from __future__ import annotations

from gradcheck.reports.status import gravest


def test_the_gravest_status_counts() -> None:
    assert gravest([0, 3, 2, 1, 70]) == 70
    assert gravest([0, 3, 2, 1]) == 1
    assert gravest([0, 3, 2]) == 2
    assert gravest([3, 0]) == 3
    assert gravest([0, 0]) == gravest([]) == 0
