"""The noise of function values, where it is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gradcheck.differences.noise import Noise, ends_in_a_jump, measure_noise, noise_beyond, noise_of
from gradcheck.differences.settings import EPSILON, NOISE

Values = Callable[[Sequence[float]], list[float]]


def pointwise(function: Callable[[float], float]) -> Values:
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


def _ends() -> list[float]:
    """Places up to 60, close behind and far behind each that a search by factors of 16 would try."""
    ends = [6 * 2.0 ** (4 * k - 16) * factor for k in range(6) for factor in (1.003, 1.3, 2.0, 4.0, 8.0, 15.0)]
    return [1e-3, 0.02, 0.3, *(end for end in ends if end <= 40), 60.0]


@pytest.mark.parametrize("end", _ends())
def test_a_constant_ends_in_a_bend_or_in_a_jump(end: float) -> None:
    def along(function: Callable[[float], float]) -> Values:
        return pointwise(lambda t: 1.5 + function(t))

    for bend in (
        lambda t: max(t - end, 0.0),
        lambda t: max(t - end, 0.0) ** 2,
        lambda t: min(max(t - end, 0.0), 0.5 * end),  # a ramp
        lambda t: 0.0,
    ):
        assert not ends_in_a_jump(along(bend), 1.5)
    for jump in (
        lambda t: float(t > end),
        lambda t: float(np.floor(t / end)),
        lambda t: (t > end) * (1 + t / end),
        lambda t: (t > end) * (1 + 3 * min((t - end) / (0.1 * end), 1.0)),  # rises on to four times its height
    ):
        assert ends_in_a_jump(along(jump), 1.5)


@pytest.mark.parametrize("end", _ends())
@pytest.mark.parametrize(("exponent", "narrow"), [(-16, False), (-13, True)])
def test_beyond_a_bend_the_noise_is_seen_and_beyond_a_jump_or_rounding_it_is_not(
    end: float, exponent: int, narrow: bool
) -> None:
    if end < math.ldexp(8.0, exponent):
        pytest.skip("not constant over the spacing")

    def beyond(function: Callable[[float], float]) -> float | None:
        return noise_beyond(pointwise(lambda t: 1.5 + function(t)), 1.5, exponent, narrow)

    for bend in (lambda t: max(t - end, 0.0) / 3.0, lambda t: -0.7 * max(t - end, 0.0) * (1.0 + t)):
        level = beyond(bend)
        assert level is not None
        assert 0.0 < level <= 1e3 * EPSILON * (1 + end**2)
    for other in (
        lambda t: 0.0,  # does not leave its value
        lambda t: float(np.floor(t / end)),
        lambda t: max(t - end, 0.0) if t < end else math.nan,
    ):
        assert beyond(other) is None
    for grid in () if narrow else (2.0**-8 * end, 2.0**-5 * end):  # at equal distances all may be off by the same
        level = beyond(lambda t, grid=grid: float(np.round(max(t - end, 0.0) / grid) * grid))  # type: ignore[misc]
        assert level is None or level > 0.25 * grid  # a bend of values that are rounded: their rounding is noise


def test_what_is_constant_for_many_times_its_size_is_constant() -> None:
    assert not ends_in_a_jump(pointwise(lambda t: 1.5 + float(t > 90.0)), 1.5)


def test_rounding_that_is_alike_at_equal_distances_is_heard() -> None:
    """cosh is rounded to 2⁻⁵² where it is near 1, however small its logarithm is; seven values are unlucky at times."""
    deaf = 0
    for seed in range(1000):
        x, v = (round(2**22 * number) / 2**22 for number in 0.3 * np.random.default_rng(seed).standard_normal(2))
        function = pointwise(lambda t, x=x, v=v: math.log(math.cosh(x + t * v)))  # type: ignore[misc]
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


def test_two_roundings_of_single_precision_are_within_the_noise() -> None:
    """The ratio and the sum of numbers that float32 holds are off by up to two of its roundings, 2⁻²⁴ of their size."""
    single, largest = np.float32, 0.0
    for seed in range(2000):
        x = single(np.random.default_rng(seed).uniform(0.5, 9))
        value = float(x / single(3.3) + single(0.1))
        error = abs(value - (float(x) / float(single(3.3)) + float(single(0.1))))
        assert error <= noise_of([value] * 7).level <= 8 * 2.0**-24 * value
        largest = max(largest, error / (2.0**-24 * value))
    assert largest > 1.5


@pytest.mark.parametrize(
    ("function", "spacing"),
    [
        (lambda t: float(np.float16(1 + 0.1 * math.sin(10 + 20 * t))), 2.0**-10),
        (lambda t: round(16 * math.sin(0.5 + t)) / 16, 2.0**-4),
        (lambda t: round(20 * math.sin(0.05 + t / 10)) / 2, 0.5),
    ],
)
def test_a_coarse_grid_shows_beside_a_curve(function: Callable[[float], float], spacing: float) -> None:
    """Steps that are too short see one value; far longer ones would take the curve for noise."""
    noise = measure_noise(pointwise(function), function(0.0))
    assert spacing / math.sqrt(12) / 4 < noise.level <= 4 * spacing


def _hashed(t: float) -> float:
    return float(np.random.default_rng([int(abs(t) * 2.0**60), t < 0]).uniform(-1, 1))


@pytest.mark.parametrize("phase", range(5))
def test_noise_that_is_correlated_over_short_steps_counts_at_long_ones(phase: int) -> None:
    """Waves of 2⁻¹⁷ are noise to steps of 2⁻¹⁶, and a curve to steps of 2⁻²³, which see the rest alone."""
    waves = pointwise(lambda t: 1 + 1e-9 * _hashed(t) + 3e-9 * math.sin(2.0**20 * t + phase))
    assert measure_noise(waves, waves([0.0])[0]).level >= 4e-9


@pytest.mark.parametrize("slope", [1e-1, 1.0])
def test_a_kink_beside_noise_is_not_noise(slope: float) -> None:
    kinked = pointwise(lambda t: 1 + 1e-9 * _hashed(t) + slope * max(t - 2e-5, 0.0))
    assert 1e-9 <= measure_noise(kinked, kinked([0.0])[0]).level <= 1e-8


def test_a_digit_that_cancels_is_ordinary_and_two_are_not() -> None:
    """Rounding a number of which 1/c is left by cancellation makes c roundings, with deviations of 0.3 c."""

    def noise(cancelled: float, x: float) -> Noise:
        left = pointwise(lambda t: (cancelled + math.sin(x + 0.3 * t)) - cancelled)
        return measure_noise(left, left([0.0])[0])

    places = [float(np.random.default_rng(seed).uniform(0.5, 2)) for seed in range(50)]
    assert all(noise(10.0, x).ordinary for x in places)
    assert sum(not noise(150.0, x).ordinary for x in places) >= 45  # a few are lucky


def test_values_whose_squares_are_no_numbers_have_noise() -> None:
    noise = noise_of([1e200 * math.sin(k**3) for k in range(7)])
    assert 1e199 < noise.level < 1e202
