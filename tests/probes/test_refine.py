"""Noise, kinks and features smaller than any step: a right gradient is never called wrong, a wrong one never right."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.nn import Network

Array = NDArray[np.float64]


class RectifiedNetwork:
    """Three layers with ReLU and the squared error, whose value is rounded to a grid or shaken by it."""

    def __init__(self, seed: int, grid: float, *, rounded: bool, factor: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        self.inputs, self.targets = rng.standard_normal((16, 4)), rng.standard_normal((16, 1))
        self.grid, self.rounded, self.factor = grid, rounded, factor
        widths = (4, 12, 8, 1)
        self.params: dict[str, Array] = {}
        for i, (n, m) in enumerate(itertools.pairwise(widths)):
            self.params[f"w{i}"] = rng.standard_normal((n, m)) * math.sqrt(2 / n)
            self.params[f"b{i}"] = 0.1 * rng.standard_normal(m)

    def forward(self) -> list[Array]:
        activations = [self.inputs]
        for i in range(3):
            z = activations[-1] @ self.params[f"w{i}"] + self.params[f"b{i}"]
            activations.append(np.maximum(z, 0) if i < 2 else z)
        return activations

    def loss(self) -> float:
        value = float(np.mean((self.forward()[-1] - self.targets) ** 2))
        if self.rounded:
            return round(value / self.grid) * self.grid
        shake = hash(tuple(x.tobytes() for x in self.params.values())) % 2**32 / 2**32
        return value + self.grid * (2 * shake - 1)

    def gradient(self) -> dict[str, Array]:
        activations = self.forward()
        delta = 2 * (activations[-1] - self.targets) / self.targets.size
        found: dict[str, Array] = {}
        for i in (2, 1, 0):
            found[f"w{i}"], found[f"b{i}"] = self.factor * activations[i].T @ delta, delta.sum(axis=0)
            delta = (delta @ self.params[f"w{i}"].T) * (activations[i] > 0)
        return found


@pytest.mark.parametrize("rounded", [True, False], ids=["grid", "shaken"])
@pytest.mark.parametrize("digits", range(3, 13))
def test_kinks_behind_noise_are_no_mistake(digits: int, rounded: bool) -> None:
    for seed in range(4):
        report = gradcheck.check_gradients(RectifiedNetwork(seed, 10.0**-digits, rounded=rounded), rng=seed)
        assert report.verdict is not gradcheck.Verdict.FAIL, str(report)


@pytest.mark.parametrize("rounded", [True, False], ids=["grid", "shaken"])
@pytest.mark.parametrize("digits", [8, 10, 12])
def test_a_wrong_factor_behind_the_same_noise_is_found(digits: int, rounded: bool) -> None:
    network = RectifiedNetwork(0, 10.0**-digits, rounded=rounded, factor=2.0)
    report = gradcheck.check_gradients(network, rng=0)
    assert report.verdict is gradcheck.Verdict.FAIL
    assert report.blocks["b0"].verdict is not gradcheck.Verdict.FAIL


def logistic_map(steps: int) -> tuple[Any, Any]:
    """x ← r x (1 - x), a number of times, and its derivative by r and by the first x; chaotic near r = 3.8."""

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
def test_a_chaotic_recursion_is_no_mistake(steps: int) -> None:
    fun, grad = logistic_map(steps)
    found = [gradcheck.check_gradients(fun, grad, [3.8, 0.1 + 0.05 * k], rng=k).verdict.value for k in range(12)]
    assert "fail" not in found
    if steps == 20:
        assert set(found) == {"pass"}
    wrong = [gradcheck.check_gradients(fun, lambda p: -grad(p), [3.8, 0.3], rng=k).verdict.value for k in range(3)]
    assert "pass" not in wrong


@pytest.mark.parametrize("epsilon", [1e-8, 1e-16])
def test_a_step_of_the_loss_within_a_tiny_distance_is_no_mistake(epsilon: float) -> None:
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


def test_patience_decides_what_noise_hides_at_first() -> None:
    """Every entry of a sum of 40 sines contributes a fortieth of the loss, and the noise is 1e-9 of it."""

    def loss(x: Array) -> float:
        shake = hash(x.tobytes()) % 2**32 / 2**31 - 1
        return float(np.sum(np.sin(x))) * (1 + 1e-9 * shake)

    x0 = np.random.default_rng(0).uniform(0.3, 1.2, 40)
    assert gradcheck.check_gradients(loss, np.cos, x0, rng=0)

    def wrong(x: Array) -> Array:
        claim: Array = np.cos(x)
        claim[7] *= 1.0005
        return claim

    assert gradcheck.check_gradients(loss, wrong, x0, rng=0).verdict is not gradcheck.Verdict.PASS


@pytest.mark.parametrize("seed", range(40))
def test_what_cancels_in_a_normalisation_is_no_mistake(seed: int) -> None:
    """A bias that a batch normalisation takes out again: its gradient is the rounding of far larger terms."""
    rng = np.random.default_rng(seed)
    spread = {"kind": "ConvTranspose2D", "inputs": 1, "outputs": 1, "size": 1, "stride": 2}
    layers = [spread, spread, {"kind": "BatchNorm", "features": 1}, {"kind": "Flatten"}]
    layers.append({"kind": "Dense", "inputs": 81, "outputs": 4})
    network = Network.from_spec({"layers": layers, "loss": {"kind": "MeanSquaredError", "reduction": "sum"}}, rng=rng)
    network.params["layers.0.W"][...] *= rng.choice([1.0, 1e-2, 1e-3])
    batch = rng.standard_normal((3, 1, 3, 3)), rng.standard_normal((3, 4))
    report = gradcheck.check_gradients(network, batch=batch, rng=seed)
    assert report.verdict.value != "fail", str(report)
    assert report.blocks["layers.1.b"].verdict.value == "pass"


@pytest.mark.parametrize("size", [1e-7, 1e-9, 1e-11])
def test_a_small_claim_that_no_rounding_explains_is_a_mistake(size: float) -> None:
    x0 = {"a": np.array([1.0, 2.0, -3.0]), "b": np.array([0.7, 1.3])}
    report = gradcheck.check_gradients(
        lambda x: float(x["a"] @ x["a"]), lambda x: {"a": 2 * x["a"], "b": size * np.ones(2)}, x0, rng=0
    )
    assert report.blocks["b"].verdict.value == "fail"


def saturated(z: NDArray[Any]) -> float:
    """Cross-entropy of classes that do not occur: nothing but rounding is left of one minus a probability near one."""
    return float(np.sum(-np.log(1.0 - 1.0 / (1.0 + np.exp(-z)))))


@pytest.mark.parametrize("start", [18.0, 22.0, 25.0, 28.0, 31.0, 33.0, 34.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_staircase_of_rounding_is_no_mistake(start: float, seed: int) -> None:
    z = np.append(start + np.random.default_rng(seed).uniform(0, 1, 2), [0.3, -1.2])
    report = gradcheck.check_gradients(saturated, lambda z: 1.0 / (1.0 + np.exp(-z)), z, rng=seed)
    assert report.verdict.value != "fail", str(report)


@pytest.mark.parametrize("factor", [0.0, 0.99, -1.0])
@pytest.mark.parametrize("start", [1.0, 5.0, 10.0])
def test_a_wrong_gradient_on_treads_too_small_to_see_is_a_mistake(start: float, factor: float) -> None:
    z = np.array([start, start + 0.5, 0.3, -1.2])
    report = gradcheck.check_gradients(saturated, lambda z: factor / (1.0 + np.exp(-z)), z, rng=0)
    assert report.verdict.value == "fail"


def test_a_step_far_too_low_to_explain_a_gap_excuses_nothing() -> None:
    def loss(x: NDArray[Any]) -> float:
        return float(x @ x + 1e-6 * np.sum(x > 1.01))

    x0 = np.array([1.0, 2.0, -0.5])
    assert gradcheck.check_gradients(loss, lambda x: 2 * x, x0, rng=0).verdict.value != "fail"
    assert gradcheck.check_gradients(loss, lambda x: 2.2 * x, x0, rng=0).verdict.value == "fail"


@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_gradient_that_differs_from_call_to_call_is_not_taken_for_rounding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x0 = {"a": np.array([1.0, 2.0, -3.0]), "b": np.array([0.7, 1.3])}
    report = gradcheck.check_gradients(
        lambda x: float(x["a"] @ x["a"] + x["b"] @ x["b"]),
        lambda x: {"a": 2 * x["a"], "b": 2 * x["b"] * rng.uniform(2, 9, 2)},
        x0,
        rng=seed,
    )
    assert report.blocks["b"].verdict.value == "fail"
