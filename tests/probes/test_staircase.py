"""Jumps of the loss explain a gap; bends, poles and jumps that are too low do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.probes.staircase import is_staircase, jumps_repeatedly
from tests.probers import prober_of, shake


def explained(
    loss: Callable[[float], float], claim: float, seed: int, budget: int = 2000, measured: bool = False
) -> tuple[bool, int]:
    """Whether jumps explain a claim beside 0.7, where a slope was measured by steps of about 2⁻¹⁸; and the cost."""
    x0 = 0.70042
    prober = prober_of(loss, lambda x: claim, x0, measured=measured, seed=seed, budget=budget)
    line = prober.line()
    found = prober.compared(line, prober.estimate(line, target=100.0, start=-18, cost=6), zero=False)
    before = prober.evaluator.losses
    return is_staircase(prober, line, found), prober.evaluator.losses - before


def stairs(x: float) -> float:
    return math.floor(1e3 * x) / 1e3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("claim", [1.0, 3.0])
def test_treads_explain_the_slope_of_the_curve_that_they_approximate(claim: float, seed: int) -> None:
    """Whether a claim of thrice that slope is wrong cannot be seen on the treads: part of its gap is explained."""
    assert explained(stairs, claim, seed)[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("claim", [-1.0, 9.0, 1e-2])
def test_treads_explain_neither_another_sign_nor_another_size(claim: float, seed: int) -> None:
    assert not explained(stairs, claim, seed)[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("loss", "claim"),
    [
        (lambda x: 1 / (1 + math.exp(-1e3 * (x - 0.71))), 1.0),
        (lambda x: x - math.sin(2e3 * math.pi * x) / (2e3 * math.pi), 1.0),
        (lambda x: 1e-6 / (x - 0.71) ** 2, 1.0),
        (lambda x: x * x, 2.0),
        (lambda x: max(x - 0.71, 0.0), 1.0),
        (lambda x: x * x + 1e-9 * math.floor(1e3 * x), 1.5),
    ],
    ids=["steep-sigmoid", "smooth-stairs", "pole", "square", "kink", "low-stairs"],
)
def test_what_bends_however_sharply_is_no_staircase(loss: Callable[[float], float], claim: float, seed: int) -> None:
    assert not explained(loss, claim, seed)[0]


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_staircase(seed: int) -> None:
    """Halving a bend ends in noise, whose height does not change any more."""

    def noisy(x: float) -> float:
        return 1 / (1 + math.exp(-1e3 * (x - 0.71))) + 1e-6 * shake(np.asarray(x))

    assert not explained(noisy, 1.0, seed, measured=True)[0]


def test_jumps_are_looked_for_within_the_budget_only() -> None:
    assert explained(stairs, 1.0, 0)[0]
    assert explained(stairs, 1.0, 0, budget=2 + 6 + 40) == (False, 2)  # one pair of values, to either side
    assert explained(stairs, 1.0, 0, budget=2 + 6 + 39) == (False, 0)


def repeats(loss: Callable[[float], float], *, seed: int = 0, budget: int = 2000) -> bool:
    """Whether a loss with a slope of 1 at 0.7 jumps repeatedly, by as much as a claim of 1.1 makes of the way."""
    prober = prober_of(loss, lambda x: 1.1, 0.7, measured=False, seed=seed, budget=budget)
    line = prober.line()
    found = prober.compared(line, prober.estimate(line, target=100.0, start=-18, cost=6), zero=False)
    return jumps_repeatedly(prober, line, found)


def jumping(*jumps: tuple[float, float]) -> Callable[[float], float]:
    """A line with jumps, each at a distance from 0.7, and of a height."""
    return lambda x: x + sum(height for place, height in jumps if (x - 0.7 - place) * place > 0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("places", [(1e-3, -4e-3), (3e-3, 1e-2), (-2e-4, -8e-3)])
@pytest.mark.parametrize("signs", [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])
def test_jumps_need_not_make_up_for_a_gap(signs: tuple[float, float], places: tuple[float, float], seed: int) -> None:
    high = [(place, 0.1 * sign * abs(place)) for place, sign in zip(places, signs, strict=True)]
    assert repeats(jumping(*high), seed=seed)
    assert not repeats(jumping(*((place, 0.1 * height) for place, height in high)), seed=seed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "loss",
    [
        jumping((3e-3, 1.0)),
        jumping((0.1, 1.0), (-0.1, 1.0)),
        lambda x: x + abs(x - 0.701) + abs(x - 0.695),
        lambda x: x + 10 * (x - 0.7) ** 2,
        lambda x: x + 1e-6 / (x - 0.7053) + 1e-6 / (x - 0.6913),
        lambda x: x + 1e-2 * math.tanh(1e4 * (x - 0.703)) + 1e-2 * math.tanh(1e4 * (x - 0.69)),
    ],
    ids=["one", "far-away", "kinks", "curvature", "poles", "steep"],
)
def test_one_jump_and_bends_are_no_jumps_that_repeat(loss: Callable[[float], float], seed: int) -> None:
    assert not repeats(loss, seed=seed)


def test_repeated_jumps_are_looked_for_within_the_budget_only() -> None:
    loss = jumping((1e-3, 1e-3), (-4e-3, 1e-3))
    assert repeats(loss)
    assert not repeats(loss, budget=2 + 6 + 47)


def saturated(z: NDArray[Any]) -> float:
    """Cross-entropy of classes that do not occur: nothing but rounding is left of one minus a probability near one."""
    return float(np.sum(-np.log(1.0 - 1.0 / (1.0 + np.exp(-z)))))


@pytest.mark.parametrize("start", [18.0, 22.0, 25.0, 28.0, 31.0, 33.0, 34.0])
@pytest.mark.parametrize("seed", range(6))
def test_the_right_gradient_of_a_staircase_of_rounding_is_not_called_wrong(start: float, seed: int) -> None:
    z = np.append(start + np.random.default_rng(seed).uniform(0, 1, 2), [0.3, -1.2])
    report = gradcheck.check_gradients(saturated, lambda z: 1.0 / (1.0 + np.exp(-z)), z, rng=seed)
    assert report.verdict.value != "fail", str(report)


@pytest.mark.parametrize("factor", [0.0, 0.99, -1.0])
@pytest.mark.parametrize("start", [1.0, 5.0, 10.0])
def test_a_wrong_gradient_on_treads_too_small_to_see_fails(start: float, factor: float) -> None:
    z = np.array([start, start + 0.5, 0.3, -1.2])
    report = gradcheck.check_gradients(saturated, lambda z: factor / (1.0 + np.exp(-z)), z, rng=0)
    assert report.verdict.value == "fail"


def test_a_jump_far_too_low_to_explain_a_gap_excuses_nothing() -> None:
    def loss(x: NDArray[Any]) -> float:
        return float(x @ x + 1e-6 * np.sum(x > 1.01))

    x0 = np.array([1.0, 2.0, -0.5])
    assert gradcheck.check_gradients(loss, lambda x: 2 * x, x0, rng=0).verdict.value != "fail"
    assert gradcheck.check_gradients(loss, lambda x: 2.2 * x, x0, rng=0).verdict.value == "fail"


CLIPPED = np.linspace(0.2, 0.7, 7)


def poles(p: NDArray[np.float64], floor: float) -> float:
    """Two poles with walls far from the point: the sum of 1/(p(1 - p)), p clipped to [floor, 1 - floor]."""
    p = np.clip(p, floor, 1 - floor)
    return float(np.sum(1 / (p * (1 - p))))


def slope(p: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    inside = (p > floor) & (p < 1 - floor)
    return np.where(inside, -(1 - 2 * p) / (p * (1 - p)) ** 2, 0.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("floor", [1e-12, 1e-6, 1e-3])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (-1.0, "fail"), (0.5, "fail")])
def test_walls_on_both_sides_that_cancel_are_no_staircase(factor: float, verdict: str, floor: float, seed: int) -> None:
    report = gradcheck.check_gradients(lambda p: poles(p, floor), lambda p: factor * slope(p, floor), CLIPPED, rng=seed)
    assert report.verdict.value == verdict


def guarded(x: NDArray[np.float64]) -> float:
    """Logarithms with a guard, which is a wall of the size of the logarithm of the guard."""
    return float(np.sum(-np.log(np.maximum(x, 1e-10))))


#: Losses that jump somewhere, or run away, with their gradient where they are smooth, at a point.
JUMPS: dict[str, tuple[Callable[[Any], float], Callable[[Any], Any], list[float]]] = {
    "guard": (guarded, lambda x: np.where(x > 1e-10, -1 / np.maximum(x, 1e-10), 0.0), [0.3, 0.05, 0.7, 0.01]),
    "pole": (lambda x: float(np.sum(1 / (x - 1.0))), lambda x: -1 / (x - 1.0) ** 2, [1.2, 0.9, 1.05, 0.5]),
    "double pole": (lambda x: float(np.sum(1 / x**2)), lambda x: -2 / x**3, [0.3, -0.1, 0.05, 0.8]),
    "branch cut": (
        lambda p: float(np.sum(np.arctan2(p[2:], p[:2]))),
        lambda p: np.concatenate([-p[2:], p[:2]]) / np.tile(p[:2] ** 2 + p[2:] ** 2, 2),
        [-1.0, -0.8, 0.01, -0.02],
    ),
    "sawtooth": (lambda x: float(np.sum(x - np.floor(x))), lambda x: np.ones_like(x), [0.3, 1.6, -2.2, 7.45]),
    "remainder": (lambda x: float(np.sum(np.fmod(x, 0.3))), lambda x: np.ones_like(x), [0.44, 1.7, 2.0, -1.3]),
    "tangent": (lambda x: float(np.sum(np.tan(x))), lambda x: 1 / np.cos(x) ** 2, [1.4, 0.3, -1.5, 1.2]),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (-1.0, "fail"), (0.0, "fail"), (0.5, "fail")])
@pytest.mark.parametrize(("loss", "gradient", "start"), JUMPS.values(), ids=JUMPS)
def test_one_jump_or_a_pole_at_some_distance_excuses_nothing(
    loss: Any, gradient: Any, start: list[float], factor: float, verdict: str, seed: int
) -> None:
    x0 = np.array(start)
    report = gradcheck.check_gradients(loss, lambda x: factor * gradient(x), x0, rng=seed)
    assert report.verdict.value == verdict


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("digits", [1, 2, 3, 4, 5])
def test_a_claim_of_zero_on_the_treads_of_a_rounded_loss_is_right(digits: int, seed: int) -> None:
    """Between its jumps a rounded parameter has no effect."""
    weights = np.array([1.0, -0.5, 2.0, 0.3])
    x0 = np.array([0.34567891234, -1.23456789123, 0.98765432198, 2.13579246813])

    def loss(x: NDArray[np.float64]) -> float:
        return float(np.sum(weights * np.sin(np.round(x, digits))))

    assert gradcheck.check_gradients(loss, np.zeros_like, x0, rng=seed).verdict.value != "fail"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("digits", [2, 3, 5])
def test_a_claim_of_another_sign_on_a_rounded_loss_does_not_pass(digits: int, seed: int) -> None:
    x0 = np.array([0.34567891234, -1.23456789123, 0.98765432198, 2.13579246813])
    report = gradcheck.check_gradients(
        lambda x: float(np.sum(np.sin(np.round(x, digits)))), lambda x: -np.cos(x), x0, rng=seed
    )
    assert report.verdict.value != "pass"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("digits", [5, 6, 8])
@pytest.mark.parametrize(("factor", "never"), [(1.0, "fail"), (0.0, "pass")])
def test_a_loss_that_is_printed_with_few_digits(factor: float, never: str, digits: int, seed: int) -> None:
    """It is a rounded curve: its treads are no excuse for a gradient that was forgotten."""
    x0 = np.array([0.7, -1.3, 0.4, 2.1])

    def loss(x: NDArray[np.float64]) -> float:
        return float(f"{np.sum(np.exp(x)):.{digits}g}")

    verdict = gradcheck.check_gradients(loss, lambda x: factor * np.exp(x), x0, rng=seed).verdict.value
    assert verdict != never
    if factor == 0.0:
        assert verdict == "fail"


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_forgotten_gradient_before_code_in_a_narrow_type_fails(dtype: Any) -> None:
    """Its values have treads as well: those of its rounding."""
    x0 = np.array([0.7, -1.3, 0.4, 2.1])

    def loss(x: NDArray[np.float64]) -> float:
        return float(np.sum(np.exp(x.astype(dtype)).astype(np.float64)))

    if dtype is np.float32:  # the treads of float16 are so wide that they may be meant
        assert gradcheck.check_gradients(loss, np.zeros_like, x0, rng=0).verdict.value == "fail"
    assert gradcheck.check_gradients(loss, np.zeros_like, x0.astype(dtype), rng=0).verdict.value == "fail"
