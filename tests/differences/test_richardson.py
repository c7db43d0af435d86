"""Central differences and their extrapolation, on polynomials, where they are exact."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gradcheck.differences.richardson import RichardsonTable


def table_of(coefficients: Sequence[float], noise: float = 0.0) -> RichardsonTable:
    def values(steps: Sequence[float]) -> list[float]:
        return [sum(c * step**k for k, c in enumerate(coefficients)) for step in steps]

    return RichardsonTable(values, coefficients[0], noise)


def test_order_zero_is_the_central_difference() -> None:
    table = table_of([1.0, 2.0, 3.0, 4.0])
    assert table.reach(range(-3, 0))
    assert table.central(-3) == pytest.approx(2 + 4 / 64, rel=1e-14)


def test_each_order_removes_a_power() -> None:
    table = table_of([0.0, 2.0, 0.0, 4.0, 0.0, 5.0])
    table.reach(range(-4, 1))
    slopes = table.extrapolated(-4)
    assert slopes[0].value == pytest.approx(2 + 4 / 256 + 5 / 65536, rel=1e-13)
    assert slopes[2].value == pytest.approx(2, rel=1e-13)
    assert [slope.order for slope in slopes[:3]] == [2, 4, 6]
    assert all(abs(slope.value - 2) <= slope.error for slope in slopes)


def test_irregular_differences_are_not_extrapolated() -> None:
    def values(steps: Sequence[float]) -> list[float]:
        return [step + max(step - 0.2, 0.0) for step in steps]

    table = RichardsonTable(values, 0.0, 1e-16)
    table.reach(range(-4, -1))
    slopes = table.extrapolated(-4)
    assert len(slopes) >= 1
    assert all(abs(slope.value - 1) <= slope.error for slope in slopes)


def test_a_sides_of_the_slope_is_seen_and_a_curve_is_not() -> None:
    def kinked(steps: Sequence[float]) -> list[float]:
        return [3 * step * step + 0.5 * abs(step) for step in steps]

    table = RichardsonTable(kinked, 0.0, 1e-16)
    table.reach(range(-10, -7))
    sides = table.one_sided(-10)
    assert sides.seen
    assert sides.right - sides.left == pytest.approx(1.0, abs=1e-9)
    smooth = table_of([0.0, 1.0, 3.0, 1.0, 2.0], noise=1e-16)
    smooth.reach(range(-10, -7))
    assert not smooth.one_sided(-10).seen


def test_values_are_not_asked_for_twice() -> None:
    table = table_of([1.0, 1.0])
    table.reach(range(-3, 0))
    table.reach(range(-4, -1))
    assert table.evaluations == 8


@pytest.mark.parametrize("quantum", [2.0**-20, 1e-5, 0.03])
def test_values_on_a_grid_are_known_to_half_its_spacing(quantum: float) -> None:
    def values(steps: Sequence[float]) -> list[float]:
        return [quantum * round((2.0 + step) / quantum) for step in steps]

    table = RichardsonTable(values, quantum * round(2.0 / quantum), 1e-16)
    table.reach(range(-30, 2))
    assert table.noise == pytest.approx(quantum / 2, rel=1e-9)
    smooth = table_of([2.0, 1.0], 1e-16)
    smooth.reach(range(-30, 2))
    assert smooth.noise == 1e-16


@pytest.mark.parametrize(("far", "roundings"), [(1e2, 1.0), (1e6, 31.0), (1e16, 65536.0)])
def test_values_of_another_regime_are_not_taken_to_be_known_to_one_rounding(far: float, roundings: float) -> None:
    table = table_of([1.0, 0.0, far])
    table.reach(range(1))
    assert table.noise_at(0) == pytest.approx(roundings * 2.0**-52 * far, rel=0.02)


def test_a_loss_of_zero_at_the_point_leaves_slopes_known() -> None:
    table = table_of([0.0, 3.0])
    table.reach(range(-4, 0))
    assert table.read(-4, -4).best.error < 1e-9
