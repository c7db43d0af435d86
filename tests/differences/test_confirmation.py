"""What a claim may be called wrong by: kinks and noise together must not make a slope that is not there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gradcheck.differences.confirmation import confirmed_derivative
from gradcheck.differences.settings import CONFIRMATION
from gradcheck.probes.settings import PROBES

Steps = Callable[[Sequence[float]], list[float]]


def pointwise(function: Callable[[float], float]) -> Steps:
    return lambda steps: [function(step) for step in steps]


@pytest.mark.parametrize("exponent", [-14, -10, -6])
def test_a_smooth_function_has_its_slope_on_a_confirmed_derivative(exponent: int) -> None:
    found = confirmed_derivative(pointwise(lambda t: math.exp(2 * t)), noise=1e-15, centre=1.0, exponent=exponent)
    assert abs(found.value - 2.0) <= found.error
    assert found.error < 1e-5
    assert found.evaluations == 2 * CONFIRMATION.steps


def test_an_unreached_limit_has_no_bar() -> None:
    found = confirmed_derivative(pointwise(lambda t: math.nan), noise=1e-15, centre=1.0, exponent=-8)
    assert found.error == math.inf
    short = confirmed_derivative(pointwise(math.exp), noise=1e-15, centre=1.0, exponent=-8, budget=4)
    assert short.error == math.inf
    assert short.evaluations <= 4


def kinked(seed: int, kinks: int = 40) -> tuple[Callable[[float], float], float]:
    """A function with kinks all around, none at 0, and its slope there."""
    rng = np.random.default_rng(seed)
    places, jumps = rng.uniform(-4, 4, kinks), rng.standard_normal(kinks) / math.sqrt(kinks)
    slope = float(rng.standard_normal() + np.sum(jumps[places < 0]))
    base = slope - float(np.sum(jumps[places < 0]))

    def function(t: float) -> float:
        return float(1 + base * t + np.sum(jumps * np.maximum(t - places, 0)) - np.sum(jumps * np.maximum(-places, 0)))

    return function, slope


@pytest.mark.parametrize("noise", [1e-2, 1e-3, 1e-4, 1e-6])
def test_kinks_behind_noise_prove_nothing_against_the_right_slope(noise: float) -> None:
    proved = 0
    for seed in range(300):
        function, slope = kinked(seed)
        rng = np.random.default_rng(seed)
        phi = pointwise(lambda t, f=function, r=rng: f(t) + noise * float(r.uniform(-1, 1)))  # type: ignore[misc]
        found = confirmed_derivative(phi, noise=noise, centre=function(0.0), exponent=int(rng.integers(-8, 1)))
        proved += abs(found.value - slope) > PROBES.proof * found.error
    assert proved <= 1


@pytest.mark.parametrize("noise", [1e-4, 1e-6])
def test_a_wrong_slope_of_the_same_functions_is_proved(noise: float) -> None:
    proved = 0
    for seed in range(100):
        function, slope = kinked(seed)
        rng = np.random.default_rng(seed)
        phi = pointwise(lambda t, f=function, r=rng: f(t) + noise * float(r.uniform(-1, 1)))  # type: ignore[misc]
        found = confirmed_derivative(phi, noise=noise, centre=function(0.0), exponent=math.frexp(200 * noise)[1])
        proved += abs(found.value - (slope + 3)) > PROBES.proof * found.error
    assert proved >= 80
