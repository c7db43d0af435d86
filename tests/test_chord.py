"""Kinks nearer to the point than steps can be: what is measured there is no proof against a claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import halving, kinks
from tests.cases import Array, logcosh

Params = dict[str, Array]


def deep_relu(seed: int) -> tuple[Callable[[Params], float], Callable[[Params], Params], Params]:
    """Layers of rectifiers with small weights: at biases of zero every unit of a deep layer is all but at its kink.

    The activations shrink by a factor of 0.02 from layer to layer; a bias need only move by as much to flip a unit.
    """
    rng = np.random.default_rng(seed)
    sizes = [4, 3, 3, 3, 3, 3, 3, 2]
    depth = len(sizes) - 1
    params: Params = {}
    for i in range(depth):
        params[f"w{i}"] = 0.01 * rng.standard_normal((sizes[i], sizes[i + 1]))
        params[f"b{i}"] = np.zeros(sizes[i + 1])
    x, y = rng.standard_normal((8, 4)), rng.standard_normal((8, 2))

    def activations(p: Params) -> list[Array]:
        found = [x]
        for i in range(depth):
            z = found[-1] @ p[f"w{i}"] + p[f"b{i}"]
            found.append(np.maximum(z, 0.0) if i < depth - 1 else z)
        return found

    def loss(p: Params) -> float:
        return float(np.mean((activations(p)[-1] - y) ** 2))

    def gradient(p: Params) -> Params:
        a = activations(p)
        d = 2 * (a[-1] - y) / y.size
        found: Params = {}
        for i in reversed(range(depth)):
            found[f"w{i}"], found[f"b{i}"] = a[i].T @ d, d.sum(axis=0)
            d = (d @ p[f"w{i}"].T) * (a[i] > 0)
        return found

    return loss, gradient, params


#: Such that the slopes that are measured say something else than the gradient.
SEEDS = (1, 4, 6, 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_gradient_among_hidden_kinks_is_not_called_wrong(seed: int) -> None:
    loss, gradient, params = deep_relu(seed)
    assert gradcheck.check_gradients(loss, gradient, params, rng=seed).verdict.value == "undecided"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_slopes_there_alone_would_call_it_wrong(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, gradient, params = deep_relu(seed)
    for module in (halving, kinks):
        monkeypatch.setattr(module, "right_on_average", lambda *_: False)
    assert gradcheck.check_gradients(loss, gradient, params, rng=seed).verdict.value == "fail"


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.1, 2.0])
@pytest.mark.parametrize(("block", "seed"), [*(("b6", seed) for seed in SEEDS), ("w5", 0), ("w4", 2), ("w4", 5)])
def test_a_wrong_one_there_is(block: str, seed: int, factor: float) -> None:
    loss, gradient, params = deep_relu(seed)

    def wrong(p: Params) -> Params:
        return {name: factor * g if name == block else g for name, g in gradient(p).items()}

    report = gradcheck.check_gradients(loss, wrong, params, rng=seed)
    assert [name for name, b in report.blocks.items() if b.verdict.value == "fail"] == [block]


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
