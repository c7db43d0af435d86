"""The noise of function values, where it is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gradcheck.differences.noise import ends_in_a_jump, measure_noise, noise_of
from gradcheck.differences.settings import EPSILON, NOISE


def pointwise(function: Callable[[float], float]) -> Callable[[Sequence[float]], list[float]]:
    return lambda steps: [function(step) for step in steps]


@pytest.mark.parametrize("deviation", [1e-3, 1e-6, 1e-9])
def test_white_noise_is_measured_to_within_a_factor(deviation: float) -> None:
    levels = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = [math.sin(1 + 1e-5 * k) + deviation * rng.standard_normal() for k in range(7)]
        levels.append(noise_of(values).level / NOISE.sigmas)
    assert 0.5 * deviation < float(np.median(levels)) < 2 * deviation
    assert float(np.quantile(levels, 0.01)) > deviation / 6


@pytest.mark.parametrize("function", [lambda t: math.exp(1 + t), lambda t: 1 / (3 + t), lambda t: 5.0 + t * t])
def test_a_smooth_function_has_only_its_rounding(function: Callable[[float], float]) -> None:
    noise = measure_noise(pointwise(function), function(0.0))
    assert EPSILON * function(0.0) <= noise.level <= 64 * EPSILON * function(0.0)
    assert noise.ordinary


def test_cancellation_shows_as_noise() -> None:
    def function(t: float) -> float:
        return (1e6 + math.sin(1 + t)) - 1e6

    noise = measure_noise(pointwise(function), function(0.0))
    assert noise.level > 1e-11  # the unit in the last place of 1e6 is 1.2e-10


def test_a_kink_is_not_noise() -> None:
    def function(t: float) -> float:
        return math.sin(1 + t) + max(t - 2e-5, 0.0)

    assert measure_noise(pointwise(function), function(0.0)).level < 1e-14


def test_single_precision_is_found_out() -> None:
    def function(t: float) -> float:
        return float(np.sin(np.float32(1 + t), dtype=np.float32))

    level = measure_noise(pointwise(function), function(0.0)).level
    assert 2.0**-26 < level < 2.0**-17


def test_nothing_finite_leaves_the_rounding_of_the_centre() -> None:
    assert measure_noise(lambda steps: [math.nan for _ in steps], 2.0).level == 2 * EPSILON


@pytest.mark.parametrize("grid", [2.0**-20, 1e-8])
@pytest.mark.parametrize("ratio", [1.0, 2.0, 3.0])
def test_a_grid_shows_though_equally_spaced_values_lie_on_a_line(grid: float, ratio: float) -> None:
    slope = ratio * grid * 2.0**16  # a whole number of quanta from one value of the table to the next

    def function(t: float) -> float:
        return round((1.0 + slope * t) / grid) * grid

    noise = measure_noise(pointwise(function), function(0.0))
    assert 0.2 * grid < noise.level < 4 * grid


def test_a_straight_line_has_only_its_rounding() -> None:
    noise = measure_noise(pointwise(lambda t: 1.0 + 0.1 * t), 1.0)
    assert noise.level <= 64 * EPSILON


def _along(function: Callable[[float], float]) -> Callable[[Sequence[float]], list[float]]:
    return lambda steps: [function(step) for step in steps]


@pytest.mark.parametrize("end", [1e-3, 0.02, 0.3, 1.7, 5.0])
def test_a_constant_ends_in_a_bend_or_in_a_jump(end: float) -> None:
    for bend in (lambda t: max(t - end, 0.0), lambda t: max(t - end, 0.0) ** 2, lambda t: 0.0):
        assert not ends_in_a_jump(_along(lambda t, bend=bend: 1.5 + bend(t)), 1.5)  # type: ignore[misc]
    for jump in (lambda t: float(t > end), lambda t: np.floor(t / end), lambda t: (t > end) * (1 + t)):
        assert ends_in_a_jump(_along(lambda t, jump=jump: 1.5 + jump(t)), 1.5)  # type: ignore[misc]


def test_rounding_that_is_alike_at_equal_distances_is_heard() -> None:
    """cosh is rounded to 2⁻⁵² where it is near 1, however small its logarithm is; seven values are unlucky at times."""
    deaf = 0
    for seed in range(1000):
        x, v = (round(2**22 * number) / 2**22 for number in 0.3 * np.random.default_rng(seed).standard_normal(2))
        function = _along(lambda t, x=x, v=v: math.log(math.cosh(x + t * v)))  # type: ignore[misc]
        if abs(v) > 0.05:
            deaf += measure_noise(function, function([0.0])[0]).level < EPSILON / math.sqrt(12) / 4
    assert deaf <= 5


@pytest.mark.parametrize(("kind", "bits"), [(np.float32, 24), (np.float16, 11)])
def test_a_constant_from_a_narrow_type_is_known_to_its_rounding(kind: type, bits: int) -> None:
    """A number of the type is rounded by up to half of a spacing, 2^-bits of its size; 3 and 0.5 are exact in any."""
    narrow = float(kind(0.1))
    assert 2.0**-bits * narrow <= noise_of([narrow] * 7).level <= 16 * 2.0**-bits * narrow
    for exact in (3.0, 0.5, 1.0):
        assert noise_of([exact] * 7).level <= 64 * EPSILON * exact


def test_noise_far_above_rounding_is_not_ordinary() -> None:
    rng = np.random.default_rng(0)
    assert not noise_of([1 + 1e-9 * rng.standard_normal() for _ in range(7)]).ordinary
    assert noise_of([1 + EPSILON * rng.integers(-1, 2) for _ in range(7)]).ordinary


@pytest.mark.parametrize("frequency", [0.1, 0.3, 0.6])
def test_a_wave_is_no_noise_while_its_differences_shrink(frequency: float) -> None:
    """The deviations of sin wk fall by about (w / 2)² with each two orders; those of noise stay."""
    wave = noise_of([math.sin(1 + frequency * k) for k in range(7)])
    assert not wave.settled or wave.level <= 0.05
    rng = np.random.default_rng(0)
    assert noise_of([math.sin(1 + 1e-4 * k) + 0.1 * rng.standard_normal() for k in range(7)]).settled
