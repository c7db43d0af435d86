"""A claim of zero for an entry that is itself tiny: moved by its own size, whatever its gradient, it shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.probes.screening import Agreement
from gradcheck.probes.unclaimed import screen_unclaimed
from tests.cases import Array, verdict
from tests.probers import prober_of

Params = dict[str, Array]

SLOPES: Array = np.array([1.3, -0.8, 2.1, 0.6, -1.7])

SIZES = (5e-324, 1e-300, 1e-150, 1e-40, 1e-20, 1e-12, 1e-8, 1e-5)


def loss(x: Array) -> float:
    """Every entry has a slope of order one, wherever it is."""
    y = np.asarray(x, dtype=float)
    return float(SLOPES @ y + 0.25 * y @ y)


def gradient(x: Array) -> Array:
    return np.asarray(SLOPES + 0.5 * np.asarray(x, dtype=float)).astype(x.dtype)


def forgetting(index: Any) -> Callable[[Array], Array]:
    def claim(x: Array) -> Array:
        found = gradient(x)
        found[index] = 0.0
        return found

    return claim


def with_tiny(size: float, dtype: Any = np.float64) -> Array:
    x = np.array([0.7, -1.2, size, 0.9, 1.4])
    return x.astype(dtype)


# -- one entry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tiny_entry_that_was_forgotten_is_found(size: float, dtype: Any, seed: int) -> None:
    x0 = with_tiny(size, dtype)
    report = check_gradients(loss, forgetting(2), x0, rng=seed)
    assert report.verdict.value == "fail"
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(2,)]
    assert verdict(loss, gradient, x0, rng=seed) == "pass"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tiny_entry_that_the_loss_does_not_use_passes(size: float, dtype: Any, seed: int) -> None:
    used = np.array([1.0, 1.0, 0.0, 1.0, 1.0])

    def masked(x: Array) -> float:
        return loss(used * x)

    def claim(x: Array) -> Array:
        return (used * gradient((used * x).astype(x.dtype))).astype(x.dtype)

    assert verdict(masked, claim, with_tiny(size, dtype), rng=seed) == "pass"


# -- a block -----------------------------------------------------------------------------------------------------------


def two_blocks(p: Params) -> float:
    return loss(p["a"]) + loss(p["b"])


def both(p: Params) -> Params:
    return {name: gradient(x) for name, x in p.items()}


def points(size: float, dtype: Any) -> Params:
    x = np.array([0.7, -1.2, 0.3, 0.9, 1.4])
    return {"a": x.astype(dtype), "b": (size * x).astype(dtype)}


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e-30, 1e-10, 1e-6])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_block_of_tiny_entries_that_was_forgotten_is_found(size: float, dtype: Any) -> None:
    p = points(size, dtype)
    report = check_gradients(two_blocks, lambda p: both(p) | {"b": np.zeros_like(p["b"])}, p, rng=0)
    assert report.blocks["a"].verdict.value == "pass"
    assert report.blocks["b"].verdict.value == "fail"
    assert verdict(two_blocks, both, p) == "pass"


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e-30, 1e-10, 1e-6])
def test_a_block_of_tiny_entries_that_the_loss_does_not_use_passes(size: float) -> None:
    report = check_gradients(
        lambda p: loss(p["a"]),
        lambda p: {"a": gradient(p["a"]), "b": np.zeros_like(p["b"])},
        points(size, np.float64),
        rng=0,
    )
    assert report
    assert report.blocks["b"].verdict.value == "pass"


@pytest.mark.parametrize("seed", range(3))
def test_right_zeros_beside_entries_of_the_most_different_sizes_pass(seed: int) -> None:
    """Entries from 1e-27 to 1e30, each in its own unit; the two without effect are at either end."""
    x0 = np.array([1e-27, 3e-9, 1.0, 2e12, 1e30, 1e-27, 1e30])
    units = np.array([1e27, 3e8, 1.0, 5e-13, 1e-30, 0.0, 0.0])

    def scaled(x: Array) -> float:
        return float(np.sum(np.sin(units * x)))

    assert verdict(scaled, lambda x: units * np.cos(units * x), x0, rng=seed) == "pass"
    assert verdict(scaled, lambda x: -units * np.cos(units * x), x0, rng=seed) == "fail"


# -- networks ----------------------------------------------------------------------------------------------------------


class Pruned:
    """A network of one hidden layer, some of whose weights were pruned to 1e-10."""

    def __init__(self, *, masked: bool = False, forgotten: bool = False) -> None:
        rng = np.random.default_rng(0)
        self.inputs, self.targets = rng.standard_normal((10, 4)), rng.standard_normal((10, 2))
        self.kept = rng.random((4, 6)) > 0.4
        weights = np.where(self.kept, rng.standard_normal((4, 6)), 1e-10)
        self.params = {"W": weights, "b": rng.standard_normal(6), "V": rng.standard_normal((6, 2))}
        self.masked, self.forgotten = masked, forgotten

    def loss(self) -> tuple[float, Params]:
        used = np.where(self.kept, 1.0, 0.0) if self.masked else np.ones((4, 6))
        h = np.tanh(self.inputs @ (used * self.params["W"]) + self.params["b"])
        gap = h @ self.params["V"] - self.targets
        delta = (gap @ self.params["V"].T) * (1 - h * h)
        by_weights = used * (self.inputs.T @ delta)
        if self.forgotten:
            by_weights = by_weights * self.kept
        return 0.5 * float(np.sum(gap**2)), {"W": by_weights, "b": delta.sum(axis=0), "V": h.T @ gap}


@pytest.mark.parametrize("seed", range(3))
def test_pruned_weights_whose_gradient_was_forgotten_are_found(seed: int) -> None:
    report = check_gradients(Pruned(forgotten=True), rng=seed)
    assert report.blocks["W"].verdict.value == "fail"
    assert report.blocks["b"].verdict.value == report.blocks["V"].verdict.value == "pass"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("masked", [False, True])
def test_pruned_weights_with_their_right_gradient_pass(masked: bool, seed: int) -> None:
    """A loss that multiplies by the mask does not use them: zero is right then."""
    assert check_gradients(Pruned(masked=masked), rng=seed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1e-10, 1e-3])
def test_weights_into_dead_units_have_no_gradient(size: float, seed: int) -> None:
    """Two ReLU units whose bias keeps them far below zero."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((8, 3))
    p0 = {"W": size * rng.standard_normal((3, 5)), "b": np.array([0.5, -50.0, 0.7, -50.0, 1.0]), "v": np.ones(5)}

    def fun(p: Params) -> float:
        return 0.5 * float(np.sum((np.maximum(inputs @ p["W"] + p["b"], 0.0) @ p["v"]) ** 2))

    def grad(p: Params) -> Params:
        z = inputs @ p["W"] + p["b"]
        h = np.maximum(z, 0.0)
        out = h @ p["v"]
        delta = out[:, None] * p["v"] * (z > 0)
        return {"W": inputs.T @ delta, "b": delta.sum(axis=0), "v": h.T @ out}

    assert verdict(fun, grad, p0, rng=seed) == "pass"
    assert verdict(fun, lambda p: grad(p) | {"W": np.zeros((3, 5))}, p0, rng=seed) == "fail"


# -- the screening itself ----------------------------------------------------------------------------------------------


def test_only_tiny_entries_without_a_claim_are_screened() -> None:
    assert screen_unclaimed(prober_of(loss, gradient, with_tiny(1e-12)), 0) is None
    assert screen_unclaimed(prober_of(loss, forgetting(1), with_tiny(1e-12)), 0) is None  # as large as others


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_entry_moves_as_far_as_others_do(seed: int) -> None:
    prober = prober_of(loss, forgetting(2), with_tiny(1e-12), seed=seed)
    found = screen_unclaimed(prober, 0)
    assert found is not None
    assert found.agreement is Agreement.DISAGREES
    slope = found.comparison.estimate.value
    assert 0.1 * abs(SLOPES[2]) < abs(slope) < 10 * abs(SLOPES[2])


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_entry_without_an_effect_agrees(seed: int) -> None:
    used = np.array([1.0, 1.0, 0.0, 1.0, 1.0])
    prober = prober_of(lambda x: loss(used * x), lambda x: used * gradient(used * x), with_tiny(1e-12), seed=seed)
    found = screen_unclaimed(prober, 0)
    assert found is not None
    assert found.agreement is Agreement.AGREES
