"""Slopes with error bars, on functions whose slopes are known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from benchmarks.calibration import coverage, estimates, histogram, median_bar
from gradcheck.differences.derivative import _predicted, differentiate
from gradcheck.differences.estimate import Status
from gradcheck.differences.noise import measure_noise
from gradcheck.differences.richardson import Extrapolated
from gradcheck.differences.settings import EPSILON

Values = Callable[[Sequence[float]], list[float]]


def pointwise(function: Callable[[float], float]) -> Values:
    def values(steps: Sequence[float]) -> list[float]:
        found = []
        for step in steps:
            try:
                found.append(function(step))
            except ValueError:
                found.append(math.nan)
        return found

    return values


def test_error_bars_cover_the_truth_and_are_not_vague() -> None:
    results = estimates(10_000, seed=1)
    print(histogram(results))
    assert coverage(results) >= 0.999
    assert median_bar(results) <= 30


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda t: math.sin(0.7 + t), math.cos(0.7)),
        (lambda t: 1e8 * math.exp(t), 1e8),
        (lambda t: 1e-8 * math.exp(t), 1e-8),
        (lambda t: 3.0, 0.0),
        (lambda t: (1.0 + t) ** 3, 3.0),
        (lambda t: math.tanh(50 * t), 50.0),
    ],
)
def test_the_bar_covers_the_slope(function: Callable[[float], float], slope: float) -> None:
    values = pointwise(function)
    estimate = differentiate(values, noise=measure_noise(values, function(0.0)).level)
    assert abs(estimate.value - slope) <= estimate.error
    assert estimate.error <= 1e-8 * max(abs(slope), abs(function(0.0)))


def test_an_easy_function_takes_six_values() -> None:
    estimate = differentiate(pointwise(math.exp), noise=EPSILON, centre=1.0, target=1e-7)
    assert estimate.status is Status.CONVERGED
    assert estimate.evaluations == 6


def test_a_kink_at_zero_has_two_slopes() -> None:
    estimate = differentiate(pointwise(lambda t: math.sin(t) + 2 * abs(t)), noise=EPSILON, target=1e-9)
    assert estimate.status is Status.KINK
    assert estimate.left == pytest.approx(-1, abs=estimate.side_error)
    assert estimate.right == pytest.approx(3, abs=estimate.side_error)
    assert estimate.side_error < 1e-6
    assert estimate.error >= 4  # the symmetric difference knows only the mean


@pytest.mark.parametrize("distance", [1e-3, 1e-4, 1e-5, 1e-7])
def test_a_kink_beside_zero_is_left_behind(distance: float) -> None:
    values = pointwise(lambda t: math.sin(t) + 2 * max(t - distance, 0.0))
    estimate = differentiate(values, noise=EPSILON, target=1e-7)
    assert estimate.status is Status.CONVERGED
    assert abs(estimate.value - 1) <= estimate.error <= 1e-7


def test_a_smooth_bend_is_no_kink() -> None:
    estimate = differentiate(pointwise(lambda t: math.sqrt(1e-4 + t * t)), noise=EPSILON, target=1e-6)
    assert estimate.status is Status.CONVERGED
    assert abs(estimate.value) <= estimate.error


@pytest.mark.parametrize("margin", [1e-2, 1e-4, 1e-6])
def test_steps_shrink_at_the_edge_of_the_domain(margin: float) -> None:
    values = pointwise(lambda t: math.log(margin + t))
    estimate = differentiate(values, noise=16 * EPSILON, target=1e-5 / margin)
    assert abs(estimate.value * margin - 1) <= estimate.error * margin <= 1e-5


def test_nothing_finite_beside_the_point_is_said() -> None:
    estimate = differentiate(lambda steps: [math.nan for _ in steps], noise=EPSILON, centre=1.0)
    assert estimate.status is Status.NOT_FINITE
    assert not estimate.finite


def test_noise_widens_the_bar_and_the_steps() -> None:
    def rough(t: float) -> float:
        return math.sin(1 + t) + 1e-7 * math.sin(1e9 * t + 5e8 * t * t)

    noise = measure_noise(pointwise(rough), rough(0.0)).level
    assert 1e-8 < noise < 1e-5
    estimate = differentiate(pointwise(rough), noise=noise, target=1e-4)
    assert abs(estimate.value - math.cos(1)) <= estimate.error <= 1e-4
    assert estimate.step > 1e-4


def test_values_rounded_to_nine_digits_are_not_taken_at_their_word() -> None:
    values = pointwise(lambda t: round(math.sin(1 + t), 9))
    noise = measure_noise(values, round(math.sin(1), 9)).level
    estimate = differentiate(values, noise=noise, target=1e-5)
    assert abs(estimate.value - math.cos(1)) <= estimate.error


def test_the_budget_is_kept() -> None:
    calls: list[float] = []

    def values(steps: Sequence[float]) -> list[float]:
        calls.extend(steps)
        return [math.sin(1e4 * step) + abs(step) for step in steps]

    differentiate(values, noise=EPSILON, centre=0.0, target=1e-12, budget=20)
    assert len(calls) <= 20


@pytest.mark.parametrize("longer", range(1, 9))
def test_farther_steps_are_expected_to_be_no_better_than_their_round_off(longer: int) -> None:
    """Where truncation cannot be seen it is not known: the farther away a step is, the less is expected of it."""
    best = Extrapolated(value=1.0, truncation=1e-12, roundoff=1e-11, order=4, exponent=-6)
    least = math.ldexp(best.roundoff, -longer)
    expected = _predicted(best, best.exponent + longer)
    assert expected >= least
    assert longer == 1 or expected > least * (1 + (longer - 1) / 4)
    seen = replace(best, truncation=1e-9)
    assert _predicted(seen, seen.exponent + longer) == pytest.approx(least + 1e-9 * 2.0 ** (4 * longer))


def test_of_longer_steps_the_next_one_is_predicted_by_its_roundoff_alone() -> None:
    """Round-off halves with each doubling of the step; beyond the next one, less is promised than that."""
    noisy = Extrapolated(1.0, truncation=1.0, roundoff=8.0, exponent=-10, order=2, width=0.0)
    assert _predicted(noisy, -9) == 4.0
    for longer in (2, 3, 4):
        assert 8.0 / 2**longer < _predicted(noisy, -10 + longer) < 8.0


@pytest.mark.parametrize(("ratio", "status"), [(40.0, Status.ROUGH), (8.0, Status.ROUGH), (3.0, Status.CONVERGED)])
def test_what_truncation_dominates_has_not_converged(ratio: float, status: Status) -> None:
    """No step is short enough for sin 30t; the noise is a part of the truncation that is left."""
    values = pointwise(lambda t: math.sin(30 * t))
    sharp = differentiate(values, noise=1e-15, smallest=-5, largest=-2)
    found = differentiate(values, noise=sharp.error / ratio * sharp.step, smallest=-5, largest=-2)
    assert found.status is status


@pytest.mark.parametrize("curvature", [1.0, 1e6, 1e12])
@pytest.mark.parametrize("roundings", [1, 7])
def test_a_point_that_is_rounded_a_few_times_moves_the_slope_by_the_curvature(roundings: int, curvature: float) -> None:
    """The slope of c/2 (t + d)² at 0 is c d: zero, but for the rounding d of the point."""
    rounding = roundings * EPSILON
    values = pointwise(lambda t: 0.5 * curvature * (t + rounding) ** 2)
    centre = 0.5 * curvature * rounding**2
    found = differentiate(values, noise=1e-30 * curvature, centre=centre, start=-24)
    assert abs(found.value) <= found.error
    assert found.error <= 16 * EPSILON * curvature


@pytest.mark.parametrize("seed", range(30))
def test_one_sided_slopes_are_known_to_their_own_error(seed: int) -> None:
    """|t| + 0.4 t² + 0.3 t has the slopes -0.7 and 1.3 at 0."""
    draw, noise = random.Random(seed), 1e-9

    def values(steps: Sequence[float]) -> list[float]:
        return [abs(t) + 0.4 * t * t + 0.3 * t + draw.uniform(-noise, noise) for t in steps]

    found = differentiate(values, noise=noise)
    assert found.status is Status.KINK
    assert abs(found.right - 1.3) <= found.side_error
    assert abs(found.left + 0.7) <= found.side_error
    assert found.side_error <= 1e-2


def test_two_steps_do_not_take_a_kink_for_a_slope() -> None:
    """The central differences of |t| agree at all steps: they are zero."""
    kink = differentiate(pointwise(abs), noise=1e-16, centre=0.0, target=1e-3, brief=True)
    assert kink.status is Status.KINK
    assert kink.error >= 1.0
    smooth = differentiate(pointwise(math.sin), noise=1e-16, centre=0.0, target=1e-3, brief=True)
    assert smooth.status is Status.CONVERGED
    assert smooth.evaluations == 4


def test_a_lasting_kink_ends_the_search() -> None:
    """Six values, and six at steps 16 times as long, prove it; more change nothing."""
    assert differentiate(pointwise(abs), noise=1e-16, centre=0.0).evaluations == 12


@pytest.mark.parametrize("wide", [1e3, 1e5])
def test_what_bends_far_away_alone_is_measured_by_long_steps(wide: float) -> None:
    """Noise hides the slope of 1e-3 from steps of the typical size: over 2⁵ of them it is known to 1e-6 / 2⁵."""
    values = pointwise(lambda t: 1e-3 * wide * math.sin(t / wide))
    found = differentiate(values, noise=1e-6, centre=0.0)
    assert abs(found.value - 1e-3) <= found.error <= 1e-7
