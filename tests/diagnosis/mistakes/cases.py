"""Gradients with a mistake, and the reports that they get: helpers for the tests of all mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradcheck
from gradcheck import nn
from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.mistakes.mistake import Variant
from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.losses.loss import Loss
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.subject import Subject

Spoil = Callable[[Array], Array]


def weights(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Different weights for the terms of a sum, so that no two entries of its gradient are equal."""
    return np.random.default_rng(9).uniform(0.5, 3.0, shape)


def check_block(spoil: Spoil, shape: tuple[int, ...] = (4, 5), dtype: Any = np.float64, seed: int = 0) -> Report:
    """Check Σ c log cosh x, whose gradient is c tanh x, with a mistake that `spoil` makes in it."""
    x0 = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    c = weights(shape).astype(dtype)

    def loss(x: Array) -> Any:
        return np.sum(c * np.log(np.cosh(x)))

    def gradient(x: Array) -> Array:
        return np.asarray(spoil(c * np.tanh(x)), dtype=x.dtype)

    return gradcheck.check_gradients(loss, gradient, x0, rng=seed)


def slugs(report: Report) -> list[str]:
    """Return the slugs of the findings, strongest first."""
    return [finding.slug for finding in report.findings]


class Regression:
    """A tanh layer and a linear layer with the mean squared error; `spoil` makes a mistake in the gradients."""

    def __init__(self, spoil: Callable[[dict[str, Array]], dict[str, Array]] = dict, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.params = {
            "W1": rng.normal(size=(3, 4)),
            "b1": rng.normal(size=4),
            "W2": rng.normal(size=(4, 2)),
            "b2": rng.normal(size=2),
        }
        self.spoil = spoil

    def loss(self, X: Array, y: Array) -> float:
        h = np.tanh(X @ self.params["W1"] + self.params["b1"])
        return float(np.mean((h @ self.params["W2"] + self.params["b2"] - y) ** 2))

    def right(self, X: Array, y: Array) -> dict[str, Array]:
        """Return the right gradient."""
        h = np.tanh(X @ self.params["W1"] + self.params["b1"])
        delta = 2 * (h @ self.params["W2"] + self.params["b2"] - y) / y.size
        back = (delta @ self.params["W2"].T) * (1 - h * h)
        return {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": h.T @ delta, "b2": delta.sum(axis=0)}

    def gradient(self, X: Array, y: Array) -> dict[str, Array]:
        return self.spoil(self.right(X, y))


def batch(samples: int = 7) -> tuple[Array, Array]:
    """Return a batch for `Regression`."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(samples, 3)), rng.normal(size=(samples, 2))


def check_model(spoil: Callable[[dict[str, Array]], dict[str, Array]], samples: int = 7, seed: int = 0) -> Report:
    """Check `Regression` with a mistake that `spoil` makes in its gradients."""
    return gradcheck.check_gradients(Regression(spoil, seed), batch=batch(samples), rng=seed)


def with_backward(kind: Any, formula: Any) -> nn.Layer:
    """Build an activation whose backward pass is U times a formula of z and a."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            z, a = self._kept(upstream)
            return np.asarray(upstream * formula(z, a))

    layer: nn.Layer = Mine()
    return layer


def network(layer: Layer, width: int = 4, loss: Loss | None = None, after: int | None = None) -> nn.Network:
    """Build a network of a dense layer, the given layer and another dense layer, with generic parameters."""
    made = nn.Network(
        [nn.Dense(3, width, rng=0), layer, nn.Dense(after or width, 2, rng=1)], loss or nn.MeanSquaredError()
    )
    rng = np.random.default_rng(7)
    for value in made.params.values():
        value += 0.4 * rng.normal(size=value.shape)
    return made


def check_layer(
    layer: Layer, width: int = 4, loss: Loss | None = None, after: int | None = None, seed: int = 0
) -> Report:
    """Check the network with the given layer in the middle."""
    return gradcheck.check_gradients(network(layer, width, loss, after), batch=batch(5), rng=seed)


def variants(slug: str, subject: Subject, block: int, gradient: tuple[Array, ...]) -> dict[str, Variant]:
    """Return the variants of a mistake for the right gradient of a block, by their details."""
    return {v.detail: v for v in BY_SLUG[slug].variants(Context(subject, subject.point, gradient), block)}


def wrong_gradients(slug: str, g: Array) -> dict[str, Array]:
    """Return what each variant of a mistake makes of the gradient of a single block, by their details."""
    x0 = np.random.default_rng(0).normal(size=g.shape)
    subject = as_subject(lambda x: float(np.sum(x)), lambda x: x, x0)
    return {detail: v.apply((g,)) for detail, v in variants(slug, subject, 0, (g,)).items()}  # type: ignore[union-attr]


def matrices() -> Iterator[Array]:
    """Yield arrays of several ranks and shapes."""
    rng = np.random.default_rng(3)
    for shape in ((5,), (3, 4), (4, 4), (2, 3, 4), (3, 1, 3, 2)):
        yield rng.normal(size=shape)


Penalty = Callable[[Array], tuple[float, Array]]

PENALISED = {"w": np.random.default_rng(0).normal(size=(4, 3)), "v": np.random.default_rng(1).normal(size=5)}


def penalised(in_loss: Penalty, in_gradient: Penalty) -> Report:
    """Check a sum with one penalty of w in the loss and another one in the gradient."""

    def loss(p: Any) -> float:
        return float(np.sum(np.sin(2 * p["w"])) + np.sum(np.exp(p["v"])) + in_loss(p["w"])[0])

    def gradient(p: Any) -> Any:
        return {"w": 2 * np.cos(2 * p["w"]) + in_gradient(p["w"])[1], "v": np.exp(p["v"])}

    return gradcheck.check_gradients(loss, gradient, PENALISED, rng=0)


def no_penalty(w: Array) -> tuple[float, Array]:
    return 0.0, np.zeros_like(w)


def squares(strength: float) -> Penalty:
    return lambda w: (strength / 2 * float((w * w).sum()), strength * w)


def absolute(strength: float) -> Penalty:
    return lambda w: (strength * float(np.abs(w).sum()), strength * np.sign(w))


def fourth_power(w: Array) -> tuple[float, Array]:
    return float((w**4).sum()), 4 * w**3
