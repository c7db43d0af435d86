"""Central differences and their extrapolation, on polynomials, where they are exact."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

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


@pytest.mark.parametrize(("power", "regular"), [(3.0, True), (4.32, False), (7.0, False), (1.6, False), (2.0, False)])
def test_differences_that_shrink_like_the_square_of_the_step_are_regular(power: float, regular: bool) -> None:
    """Central differences of sgn(t) |t|^p are h^(p-1), so their moves shrink by 2^(p-1)."""
    row = [math.ldexp(1.0, -10 + k) ** (power - 1) for k in range(3)]
    assert RichardsonTable(list, 0.0, 0.0).regular(row, [0.0] * 3) == [regular]


@pytest.mark.parametrize(
    ("moves", "regular"),
    [
        ((1.0, 1.0), True),  # nothing but noise
        ((5.0, 5.0), False),  # five times the noise is none, and shrinks too slowly
        ((5.0, 20.0), True),
        ((1.0, 8.0), True),  # truncation may be 4 times the move and the noise at the finer step
        ((1.0, 40.0), False),
    ],
)
def test_moves_within_the_noise_say_nothing(moves: tuple[float, float], regular: bool) -> None:
    row, weight = [0.0, moves[0], moves[0] + moves[1]], [1.0, 0.5, 0.25]
    assert RichardsonTable(list, 0.0, 0.0).regular(row, weight) == [regular]


def reached(function: Callable[[float], float], levels: range) -> RichardsonTable:
    table = RichardsonTable(lambda steps: [function(step) for step in steps], function(0.0), 1e-12)
    table.reach(levels)
    return table


def on_a_grid(t: float) -> float:
    return round(100 * t) / 100


def almost_on_a_grid(t: float) -> float:
    """On a grid, but for a part in 5,000 of its first line: of what is far away nothing is said."""
    return (1 + 2e-4) * on_a_grid(t) if abs(round(100 * t)) == 1 else on_a_grid(t)


def continuous(t: float) -> float:
    """Constant near 0, as values on a grid are, but not far from it."""
    return math.pow(max(abs(t) - 0.01, 0.0), 1.37)


@pytest.mark.parametrize(("function", "noise"), [(on_a_grid, 0.005), (almost_on_a_grid, 0.005), (continuous, 1e-12)])
def test_values_on_a_grid_are_known_to_half_of_its_spacing(function: Callable[[float], float], noise: float) -> None:
    assert reached(function, range(-9, 5)).noise == pytest.approx(noise, rel=1e-3)


@pytest.mark.parametrize(("change", "lasting"), [(0.0, True), (0.3, False), (0.01, False)])
def test_a_kink_lasts_if_it_is_the_same_at_longer_steps(change: float, lasting: bool) -> None:
    """|t|, which becomes steeper by some part beyond 2^-9."""
    near = 2.0**-9
    table = reached(lambda t: abs(t) + change * max(abs(t) - near, 0.0), range(-12, -5))
    assert table.read(-12, -12).kink == lasting


@pytest.mark.parametrize("exponent", [-3, -4])
@pytest.mark.parametrize("cubic", [1.0, 2.0, 4.0])
def test_extrapolated_slopes_that_agree_by_accident_are_not_taken_at_their_word(cubic: float, exponent: int) -> None:
    """Extrapolated once, t + a t³ + b t⁵ + c t⁷ has the slope 1 - 4 b h⁴ - 20 c h⁶.

    It is the same at h and 2h for b = -21 c h². What is left is 64 c h⁶, here 1/640 of the
    truncation 3 a h² that the plain differences show.
    """
    h = math.ldexp(1.0, exponent)
    seventh = 3 * cubic * h**2 / 640 / (64 * h**6)
    table = table_of([0.0, 1.0, 0.0, cubic, 0.0, -21 * seventh * h**2, 0.0, seventh], 1e-18)
    table.reach(range(exponent, exponent + 3))
    once = table.extrapolated(exponent)[1]
    assert once.value - 1 == pytest.approx(3 * cubic * h**2 / 640, rel=1e-6)
    assert abs(once.value - 1) <= once.error
    assert once.error <= 3 * cubic * h**2 / 100


@pytest.mark.parametrize(("gap", "seen"), [(0.0, 0), (20.0, 200)])
def test_noise_is_no_gap_of_one_sided_slopes(gap: float, seen: int) -> None:
    """The extrapolated gap is (16 s(h) - 10 s(2h) + s(4h)) / 7 with s(h) = (φ(h) + φ(-h) - 2 φ(0)) / h.

    Noise of at most ε makes up to 9.3 ε / h of it, with a standard deviation of 2.7 ε / h if it is uniform.
    """
    noise, h = 1e-9, 2.0**-10
    found = 0
    for seed in range(200):
        draw = random.Random(seed)

        def values(steps: Sequence[float], draw: random.Random = draw) -> list[float]:
            kink = 0.5 * gap * noise / h
            return [math.sin(0.5 + t) + kink * abs(t) + draw.uniform(-noise, noise) for t in steps]

        table = RichardsonTable(values, values([0.0])[0], noise)
        table.reach(range(-10, -7))
        found += table.one_sided(-10).seen
    assert found == seen
