"""GC404 is named for a clip in the loss alone, not for one in both or one that is never reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, slugs

SLUG = "clip-mismatch"


def clipped(in_gradient: bool, low: float = 0.4, factor: float = 1.0) -> Any:
    """Check a network with a cross-entropy of clipped probabilities."""

    class Mine(nn.BinaryCrossEntropy):
        def _elements(self, prediction: Array, target: Array) -> Array:
            return super()._elements(prediction.clip(low, 1 - low), target)

        def _slopes(self, prediction: Array, target: Array, factor_: Array) -> Array:
            found = super()._slopes(prediction, target, factor_)
            inside = (prediction > low) & (prediction < 1 - low)
            return np.asarray(factor * (found * inside if in_gradient else found))

    X = batch(5)[0]
    y = (np.arange(10).reshape(5, 2) % 3 == 0).astype(float)
    layers = [nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 2, rng=1), nn.Sigmoid()]
    made = nn.Network(layers, Mine())
    for value in made.params.values():
        value += 0.4 * np.random.default_rng(7).normal(size=value.shape)
    return gradcheck.check_gradients(made, batch=(X, y), rng=0)


class Classifier:
    """Cross-entropy −log(p + ε) of a softmax or sigmoid output, with another ε in its gradient."""

    def __init__(self, in_loss: float, in_gradient: float, outputs: int, mean: bool = True) -> None:
        rng = np.random.default_rng(3)
        self.params = {"W": rng.normal(size=(6, 5)) * 0.6, "V": rng.normal(size=(5, outputs)), "c": np.zeros(outputs)}
        self.in_loss, self.in_gradient, self.mean = in_loss, in_gradient, mean

    def forward(self, X: Array) -> tuple[Array, Array]:
        h = np.tanh(X @ self.params["W"])
        z = h @ self.params["V"] + self.params["c"]
        if z.shape[1] == 1:
            z = np.hstack([z, np.zeros_like(z)])  # two classes: a sigmoid
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return h, np.asarray(e / e.sum(axis=1, keepdims=True))

    def loss(self, X: Array, t: Array) -> float:
        p = self.forward(X)[1][np.arange(len(t)), t]
        return -float(np.log(p + self.in_loss).sum()) / (len(t) if self.mean else 1)

    def gradient(self, X: Array, t: Array) -> dict[str, Array]:
        h, p = self.forward(X)
        own = p[np.arange(len(t)), t][:, None]
        d = own / (own + self.in_gradient) * (p - np.eye(p.shape[1])[t]) / (len(t) if self.mean else 1)
        d = d[:, : self.params["V"].shape[1]]
        back = d @ self.params["V"].T * (1 - h * h)
        return {"W": X.T @ back, "V": h.T @ d, "c": d.sum(axis=0)}


def epsilon(in_loss: float, in_gradient: float, outputs: int = 3, samples: int = 6, mean: bool = True) -> Any:
    rng = np.random.default_rng(samples)
    data = rng.normal(size=(samples, 6)), rng.integers(0, max(2, outputs), samples)
    return gradcheck.check_gradients(Classifier(in_loss, in_gradient, outputs, mean), batch=data, rng=0)


WRONG = {
    "clipped in the loss alone": lambda: clipped(in_gradient=False),
    "clipped less": lambda: clipped(in_gradient=False, low=0.3),
}

NEAR_MISSES = {
    "clipped in both": lambda: clipped(in_gradient=True),
    "a clip that is never reached": lambda: clipped(in_gradient=False, low=1e-9),
    "clipped in both, twice": lambda: clipped(in_gradient=True, factor=2.0),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_the_loss_is_located(check: Any) -> None:
    assert check().findings[0].where.startswith("loss")


@pytest.mark.parametrize("size", [1e-3, 1e-4, 3e-5])
@pytest.mark.parametrize(("outputs", "samples", "mean"), [(3, 6, True), (1, 6, True), (1, 5, False), (3, 40, True)])
def test_the_epsilon_of_a_logarithm_is_found_in_all_blocks(size: float, outputs: int, samples: int, mean: bool) -> None:
    report = epsilon(size, 0.0, outputs, samples, mean)
    (finding,) = report.findings
    assert finding.slug == SLUG
    assert f"log(p + ε) with ε = {size:.3g}," in finding.message
    wrong = {name for name, block in report.blocks.items() if block.verdict.value == "fail"}
    assert set(finding.blocks) == wrong


def test_an_epsilon_in_the_gradient_alone_is_found() -> None:
    (finding,) = epsilon(0.0, 1e-3).findings
    assert finding.slug == SLUG
    assert "the gradient has an epsilon that the loss does not" in finding.message
    assert "ε = 0.001," in finding.message


@pytest.mark.parametrize("size", [0.0, 1e-3])
def test_one_epsilon_in_both_is_right(size: float) -> None:
    assert epsilon(size, size)


@pytest.mark.parametrize("factor", [2.0, 1.001, -1.0])
def test_a_constant_is_not_called_an_epsilon(factor: float) -> None:
    class Scaled(Classifier):
        def gradient(self, X: Array, t: Array) -> dict[str, Array]:
            return {name: factor * g for name, g in super().gradient(X, t).items()}

    rng = np.random.default_rng(6)
    data = rng.normal(size=(6, 6)), rng.integers(0, 3, 6)
    report = gradcheck.check_gradients(Scaled(1e-3, 1e-3, 3), batch=data, rng=0)
    assert report.verdict.value == "fail"
    assert SLUG not in slugs(report)
