"""Numbers of steps change to words and to millions where rounding says so."""

from __future__ import annotations

import pytest

from gradcheck.training.doctor.causes.step_counts import exact_count, rough_count


@pytest.mark.parametrize(
    ("n", "text"),
    [(1, "1"), (999_949, "999,949"), (999_950, "1.000 million"), (9_999_499, "9.999 million"), (2.5e7, "25 million")],
)
def test_exact_counts(n: float, text: str) -> None:
    assert exact_count(n) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (950, 1_049, "950 to 1,000"),
        (999_500, 999_500, "one million"),
        (1.2e6, 12.4e6, "one to twelve million"),
        (1.2e6, 12.6e6, "1.2 to 13 million"),
        (2e9, 2e9, "2,000 million"),
    ],
)
def test_rough_counts(low: float, high: float, text: str) -> None:
    assert rough_count(low, high) == text
