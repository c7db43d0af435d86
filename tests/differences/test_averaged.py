"""Averages over steps of slightly different lengths: the slope is kept, the noise fades, the bar still covers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import pytest

from gradcheck.differences.averaged import Averaged
from gradcheck.differences.derivative import differentiate
from gradcheck.differences.settings import CONFIRMATION

Steps = Callable[[Sequence[float]], list[float]]


def noisy(function: Callable[[float], float], deviation: float, seed: int) -> Steps:
    rng = np.random.default_rng(seed)
    return lambda steps: [function(step) + deviation * float(rng.standard_normal()) for step in steps]


@pytest.mark.parametrize("count", [8, 16, 64])
def test_factors_have_few_bits_and_none_is_twice_another(count: int) -> None:
    factors = Averaged(lambda steps: list(steps), 0.0, count).factors
    assert len(set(factors)) == count
    assert all((4 * count * factor).is_integer() for factor in factors)
    assert max(factors) < 2 * min(factors)


def test_the_slope_of_a_polynomial_is_kept() -> None:
    function = Averaged(lambda steps: [5 + 3 * t - 2 * t**2 + t**3 for t in steps], 5.0, 16)
    wide, narrow = function([0.5, -0.5]), function([0.25, -0.25])
    differences = [wide[0] - wide[1], (narrow[0] - narrow[1]) / 0.5]
    assert (4 * differences[1] - differences[0]) / 3 == pytest.approx(3.0, abs=1e-12)


def test_values_are_taken_once() -> None:
    asked: list[float] = []

    def recorded(steps: Sequence[float]) -> list[float]:
        asked.extend(steps)
        return [math.sin(t) for t in steps]

    function = Averaged(recorded, 0.0, CONFIRMATION.fewest_averaged)
    function.noise(0.25)
    function([0.25, -0.25, 0.5])
    assert len(asked) == len(set(asked)) == 3 * CONFIRMATION.fewest_averaged


@pytest.mark.parametrize("count", [8, 32, 128])
def test_noise_fades_with_the_root_of_the_count(count: int) -> None:
    found = [Averaged(noisy(math.exp, 1e-6, seed), 1.0, count).noise(0.125) for seed in range(60)]
    # Half a difference of averages has this standard deviation, and the bound is 4.5 of them or a little more.
    deviation = 1e-6 / math.sqrt(2 * count)
    assert 3 * deviation < float(np.median(found)) < 9 * deviation


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (lambda t: math.exp(math.sin(3 * t + 1)), mpmath.diff(lambda t: mpmath.exp(mpmath.sin(3 * t + 1)), 0)),
        (lambda t: math.log(2 + t) * math.cos(5 * t), mpmath.diff(lambda t: mpmath.log(2 + t) * mpmath.cos(5 * t), 0)),
        (lambda t: math.cosh(2 * t + 1), mpmath.diff(lambda t: mpmath.cosh(2 * t + 1), 0)),
    ],
    ids=["exp-sin", "log-cos", "cosh"],
)
def test_the_bar_covers_the_truth_under_noise(function: Callable[[float], float], exact: float) -> None:
    missed, better = 0, []
    for seed in range(300):
        phi, noise = noisy(function, 1e-7, seed), 4.5e-7
        hasty = differentiate(phi, noise=noise, centre=function(0.0), start=-6)
        average = Averaged(phi, function(0.0), 32)
        level = average.noise(2.0**-6)
        patient = differentiate(
            average, noise=level, centre=average.centre(2.0**-30), start=-6, smallest=-10, largest=1, budget=18
        )
        missed += abs(patient.value - float(exact)) > patient.error
        better.append(hasty.error / patient.error)
    assert missed <= 1
    assert float(np.median(better)) > 2.5
