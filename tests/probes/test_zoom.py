"""Features shorter than any usual step: a steep claim is measured by far shorter steps before it is called wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, agreement_of, screen_block
from gradcheck.probes.zoom import zoomed
from tests.probers import prober_of

Array = NDArray[np.float64]

#: Over this distance the loss below rises from -1 to 1.
WIDTH = 1e-8


def steep(factor: float, budget: int = 2000, seed: int = 0) -> tuple[Prober, Comparison]:
    """x/√(x² + w²) at 0, where its slope is 1/w; over the usual steps it looks like a jump by 2."""

    def loss(x: Array) -> float:
        return float(np.sum(x / np.sqrt(x * x + WIDTH**2)))

    def gradient(x: Array) -> Array:
        return np.asarray(factor * WIDTH**2 / (x * x + WIDTH**2) ** 1.5)

    prober = prober_of(loss, gradient, np.zeros(1), budget=budget, seed=seed)
    return prober, prober.measure(prober.line())


@pytest.mark.parametrize("seed", range(4))
def test_a_feature_of_the_loss_is_seen_with_far_shorter_steps_only(seed: int) -> None:
    prober, hasty = steep(1.0, seed=seed)
    assert agreement_of(hasty) is Agreement.DISAGREES
    close = zoomed(prober, 0, hasty)
    assert close is not None
    again = screen_block(close, 0).comparison
    assert not again.disagrees
    assert abs(again.gap) < 1e-3 * abs(again.claimed)
    assert again.estimate.step < WIDTH


@pytest.mark.parametrize("factor", [2.0, 0.5, -1.0])
def test_a_wrong_claim_of_that_steepness_disagrees_with_short_steps_too(factor: float) -> None:
    prober, hasty = steep(factor)
    close = zoomed(prober, 0, hasty)
    assert close is not None
    again = screen_block(close, 0)
    assert again.agreement is Agreement.DISAGREES
    assert abs(again.comparison.gap) > 0.4 * abs(again.comparison.claimed)


def test_the_original_keeps_its_steps() -> None:
    prober, hasty = steep(1.0)
    policy, data = prober.policy, prober.data
    close = zoomed(prober, 0, hasty)
    assert close is not None
    assert close.data.zoomed
    assert close.policy.largest < prober.policy.largest
    assert close.policy.bits > prober.policy.bits
    assert not prober.data.zoomed
    assert prober.policy is policy
    assert prober.data is data


def test_there_are_no_shorter_steps_without_the_budget_for_them() -> None:
    used = steep(1.0)[0].evaluator.losses
    for left, possible in ((39, False), (40, True)):
        prober, hasty = steep(1.0, budget=used + left)
        assert (zoomed(prober, 0, hasty) is not None) is possible


@pytest.mark.parametrize(("factor", "zooms"), [(1.0, False), (3.0, False), (6.0, True), (-6.0, True), (0.1, False)])
def test_only_a_claim_far_steeper_than_the_slope_is_measured_closely(factor: float, zooms: bool) -> None:
    prober = prober_of(lambda x: float(np.sum(np.sinh(x))), lambda x: factor * np.cosh(x), np.array([0.7, -0.4]))
    found = prober.measure(prober.line())
    close = zoomed(prober, 0, found)
    assert (close is not None) is zooms
    if close is not None:
        assert screen_block(close, 0).agreement is Agreement.DISAGREES


def logistic_map(steps: int) -> tuple[Any, Any]:
    """x ← r x (1 - x), a number of times, and its derivatives with respect to both; chaotic near r = 3.8."""

    def fun(p: Array) -> float:
        r, x = float(p[0]), float(p[1])
        for _ in range(steps):
            x = r * x * (1 - x)
        return x

    def grad(p: Array) -> Array:
        r, x, by_r, by_x = float(p[0]), float(p[1]), 0.0, 1.0
        for _ in range(steps):
            by_r, by_x = x * (1 - x) + r * (1 - 2 * x) * by_r, r * (1 - 2 * x) * by_x
            x = r * x * (1 - x)
        return np.array([by_r, by_x])

    return fun, grad


@pytest.mark.parametrize("steps", [10, 20, 40])
def test_the_right_gradient_of_a_chaotic_recursion_is_not_called_wrong(steps: int) -> None:
    fun, grad = logistic_map(steps)
    found = [gradcheck.check_gradients(fun, grad, [3.8, 0.1 + 0.05 * k], rng=k).verdict.value for k in range(12)]
    assert "fail" not in found
    if steps == 20:
        assert set(found) == {"pass"}
    wrong = [gradcheck.check_gradients(fun, lambda p: -grad(p), [3.8, 0.3], rng=k).verdict.value for k in range(3)]
    assert "pass" not in wrong


@pytest.mark.parametrize("epsilon", [1e-8, 1e-16])
def test_the_right_gradient_of_a_step_within_a_tiny_distance_is_not_called_wrong(epsilon: float) -> None:
    """The cosine of a vector of zeros, kept finite by a tiny number: its slope is 1/√ε, over a distance of √ε."""

    def fun(p: dict[str, Array]) -> float:
        a, b = p["a"], p["b"]
        return float(a @ b / math.sqrt((a @ a + epsilon) * (b @ b)))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        a, b = p["a"], p["b"]
        size, other = a @ a + epsilon, b @ b
        cosine = fun(p)
        root = math.sqrt(size * other)
        return {"a": b / root - cosine * a / size, "b": a / root - cosine * b / other}

    for seed in range(8):
        p = {"a": np.zeros(6), "b": np.random.default_rng(seed).standard_normal(6)}
        assert gradcheck.check_gradients(fun, grad, p, rng=seed).verdict is not gradcheck.Verdict.FAIL
        steep = gradcheck.check_gradients(fun, lambda p: {k: 8 * g for k, g in grad(p).items()}, p, rng=seed)
        assert steep.verdict is not gradcheck.Verdict.PASS
