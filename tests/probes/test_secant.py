"""Kinks nearer to the point than steps can be: what is measured there is no proof against a claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from benchmarks.corpus import dense
from gradcheck.differences.confirmation import confirmed_derivative
from gradcheck.probes.secant import agrees_on_average
from gradcheck.verdicts import bisection, subgradient
from tests.cases import Array, logcosh
from tests.probers import prober_of

Params = dict[str, Array]


def deep_relu(seed: int) -> tuple[Callable[[Params], float], Callable[[Params], Params], Params]:
    """Layers of rectifiers with small weights: at biases of zero every unit of a deep layer is all but at its kink.

    The activations shrink by a factor of 0.02 from layer to layer; a bias need only move by as much to flip a unit.
    """
    rng = np.random.default_rng(seed)
    params = dense.weights(rng, (4, 3, 3, 3, 3, 3, 3, 2), 0.01)
    x, y = rng.standard_normal((8, 4)), rng.standard_normal((8, 2))
    return *dense.functions(x, y, dense.RELU, dense.SQUARED), params


#: Such that the slopes that are measured say something else than the gradient.
SEEDS = (1, 4, 6, 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_gradient_among_hidden_kinks_is_not_called_wrong(seed: int) -> None:
    loss, gradient, params = deep_relu(seed)
    assert gradcheck.check_gradients(loss, gradient, params, rng=seed).verdict.value == "undecided"


@pytest.mark.parametrize("seed", [8])  # at the other seeds the kinks are suspected for other reasons as well
def test_the_slopes_there_alone_would_call_it_wrong(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, gradient, params = deep_relu(seed)
    for module in (bisection, subgradient):
        monkeypatch.setattr(module, "agrees_on_average", lambda *_: False)
    report = gradcheck.check_gradients(loss, gradient, params, rng=seed, loss_accuracy=0)
    assert report.verdict.value == "fail"


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.1, 2.0])
@pytest.mark.parametrize(("block", "seed"), [*(("b7", seed) for seed in SEEDS), ("w6", 0), ("w5", 2)])
def test_a_wrong_one_there_is(block: str, seed: int, factor: float) -> None:
    loss, gradient, params = deep_relu(seed)

    def wrong(p: Params) -> Params:
        return {name: factor * g if name == block else g for name, g in gradient(p).items()}

    for rng in range(4):  # where noise and kinks are many, not every direction shows it
        report = gradcheck.check_gradients(loss, wrong, params, rng=rng)
        accused = [name for name, b in report.blocks.items() if b.verdict.value == "fail"]
        assert accused in ([block], [])
        if accused:
            return
    pytest.fail("found along no direction")


def test_half_a_percent_shows_in_secants_of_lengths_in_between() -> None:
    """The shortest ones drown it in noise, and within the longest there are too many kinks."""
    loss, gradient, params = deep_relu(1)
    report = gradcheck.check_gradients(
        loss, lambda p: {name: g * (1.005 if name == "b7" else 1.0) for name, g in gradient(p).items()}, params, rng=1
    )
    assert report.verdict.value == "fail"


@pytest.mark.parametrize("radius", [1e-8, 1e-6, 1e-3])
def test_a_mistake_made_near_the_point_alone_is_one(radius: float) -> None:
    x0 = np.linspace(-1.0, 2.0, 7)

    def gradient(x: Any) -> Any:
        return np.tanh(x) * (1.5 if np.max(np.abs(x - x0)) <= radius else 1.0)

    assert gradcheck.check_gradients(logcosh, gradient, x0, rng=0).verdict.value == "fail"
    assert gradcheck.check_gradients(logcosh, np.tanh, x0, rng=0).verdict.value == "pass"


@pytest.mark.parametrize("seed", range(5))
def test_claims_that_differ_from_call_to_call_have_a_mean_that_excuses_nothing(seed: int) -> None:
    noise = np.random.default_rng(seed)

    def gradient(x: Any) -> Any:
        return np.tanh(x) * (1 + 0.5 * noise.uniform(-1, 1, x.shape))

    assert gradcheck.check_gradients(logcosh, gradient, np.linspace(-1.0, 2.0, 7), rng=seed).verdict.value == "fail"


def test_a_gradient_that_cannot_be_computed_along_the_way_is_wrong_all_the_same() -> None:
    x0 = np.linspace(-1.0, 2.0, 7)

    def gradient(x: Any) -> Any:
        if not np.array_equal(x, x0):
            raise ValueError("somewhere else")
        return 2 * np.tanh(x)

    assert gradcheck.check_gradients(logcosh, gradient, x0, rng=0).verdict.value == "fail"


@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_that_is_not_finite_along_the_way_proves_nothing(seed: int) -> None:
    """The loss is as good as constant at the scale of the steps, and its gradient is 0/0 off the point."""

    def gradient(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.where(x == x0, 1e-3, (x - x0) * 0.0 / 0.0)

    x0 = np.array([0.4, -1.0])
    report = gradcheck.check_gradients(lambda x: 2.0 + 1e-18 * float(np.sum(x)), gradient, x0, rng=seed)
    assert report.verdict.value == "undecided"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("forgotten", [0.0, 1e8, -3e7])
def test_a_bend_close_to_the_point_does_not_hide_behind_the_curvature(forgotten: float, seed: int) -> None:
    """A parabola with a flat top of 1e-9, on which the point is, beside its axis.

    All longer steps agree on a slope that the loss does not have there; so do, on average, the claims along the way.
    """
    axis, radius = np.random.default_rng(seed).uniform((2e-10, 1e-9), (8e-10, 2e-9))

    def loss(x: Array) -> float:
        return float(np.sum(forgotten * x - 1e16 * np.maximum((x - axis) ** 2 - radius**2, 0.0)))

    def gradient(x: Array) -> Array:
        return np.asarray(-2e16 * (x - axis) * (abs(x - axis) > radius))

    prober = prober_of(loss, gradient, np.zeros(1), seed=seed)
    line = prober.line()
    slope = confirmed_derivative(line, noise=prober.data.noise.level, centre=0.0, exponent=-3)
    comparison = prober.compared(line, slope, zero=True)
    assert comparison.proves
    assert agrees_on_average(prober, line, comparison) is (forgotten == 0)


@pytest.mark.parametrize("size", [5e307, 1.7e308])
@pytest.mark.parametrize("seed", range(4))
def test_claims_at_the_end_of_the_range_have_a_mean(seed: int, size: float) -> None:
    """The sum of two of them is no number, and half of each is."""
    x0 = np.array([1.5, -1.0])
    for loss in (lambda x: float(2 * np.sum(x)), lambda x: 2.0 + 1e-18 * float(np.sum(x))):
        report = gradcheck.check_gradients(loss, lambda x: np.where(x == x0, 1e-3, size), x0, rng=seed)
        assert report.verdict.value in ("fail", "undecided")
