"""Central differences and their extrapolation, on polynomials, where they are exact."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gradcheck.differences.richardson import Ladder


def ladder_of(coefficients: Sequence[float], noise: float = 0.0) -> Ladder:
    def values(steps: Sequence[float]) -> list[float]:
        return [sum(c * step**k for k, c in enumerate(coefficients)) for step in steps]

    return Ladder(values, coefficients[0], noise)


def test_order_zero_is_the_central_difference() -> None:
    ladder = ladder_of([1.0, 2.0, 3.0, 4.0])
    assert ladder.reach(range(-3, 0))
    assert ladder.central(-3) == pytest.approx(2 + 4 / 64, rel=1e-14)


def test_each_order_removes_a_power() -> None:
    ladder = ladder_of([0.0, 2.0, 0.0, 4.0, 0.0, 5.0])
    ladder.reach(range(-4, 1))
    slopes = ladder.slopes(-4)
    assert slopes[0].value == pytest.approx(2 + 4 / 256 + 5 / 65536, rel=1e-13)
    assert slopes[2].value == pytest.approx(2, rel=1e-13)
    assert [slope.order for slope in slopes[:3]] == [2, 4, 6]
    assert all(abs(slope.value - 2) <= slope.error for slope in slopes)


def test_irregular_differences_are_not_extrapolated() -> None:
    def values(steps: Sequence[float]) -> list[float]:
        return [step + max(step - 0.2, 0.0) for step in steps]

    ladder = Ladder(values, 0.0, 1e-16)
    ladder.reach(range(-4, -1))
    slopes = ladder.slopes(-4)
    assert len(slopes) >= 1
    assert all(abs(slope.value - 1) <= slope.error for slope in slopes)


def test_a_jump_of_the_slope_is_seen_and_a_curve_is_not() -> None:
    def kinked(steps: Sequence[float]) -> list[float]:
        return [3 * step * step + 0.5 * abs(step) for step in steps]

    ladder = Ladder(kinked, 0.0, 1e-16)
    ladder.reach(range(-10, -7))
    jump = ladder.jump(-10)
    assert jump.seen
    assert jump.right - jump.left == pytest.approx(1.0, abs=1e-9)
    smooth = ladder_of([0.0, 1.0, 3.0, 1.0, 2.0], noise=1e-16)
    smooth.reach(range(-10, -7))
    assert not smooth.jump(-10).seen


def test_values_are_not_asked_for_twice() -> None:
    ladder = ladder_of([1.0, 1.0])
    ladder.reach(range(-3, 0))
    ladder.reach(range(-4, -1))
    assert ladder.evaluations == 8
