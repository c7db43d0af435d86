"""An estimate has a value and a bar, and says how it ended."""

from __future__ import annotations

import dataclasses
import math

import pytest

from gradcheck.differences.estimate import Estimate, Status

ESTIMATE = Estimate(2.0, 1e-9, Status.CONVERGED, 2.0, 2.0, 1e-9, 2.0**-10, 1e-16, 6, -10, 3.0)


@pytest.mark.parametrize(
    ("value", "error", "finite"),
    [(1.0, 1e-9, True), (0.0, 0.0, True), (math.nan, 1.0, False), (1.0, math.inf, False), (math.inf, 1.0, False)],
)
def test_there_is_a_slope_only_if_value_and_bar_are_finite(value: float, error: float, finite: bool) -> None:
    assert dataclasses.replace(ESTIMATE, value=value, error=error).finite is finite


def test_as_text_it_has_value_bar_status_and_cost() -> None:
    assert str(ESTIMATE) == "2 ± 1.0e-09 (converged, step 9.8e-04, noise 1.0e-16, 6 evaluations)"


def test_one_sided_slopes_are_shown_at_a_kink_alone() -> None:
    kink = dataclasses.replace(ESTIMATE, status=Status.KINK, left=-1.0, right=5.0)
    assert str(kink).endswith(": -1 left, 5 right")
    assert "left" not in str(dataclasses.replace(ESTIMATE, left=-1.0, right=5.0))


def test_each_status_has_a_word_and_advice_of_its_own() -> None:
    assert len({status.value for status in Status}) == len({status.advice for status in Status}) == len(Status)
    assert "budget" in Status.SPENT.advice
    assert "kink" in Status.KINK.advice
    assert all(status.advice.endswith(".") for status in Status)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ESTIMATE.value = 3.0  # type: ignore[misc]
