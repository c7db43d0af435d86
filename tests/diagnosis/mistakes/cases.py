"""Gradients with a mistake, and what they are called: what the tests of all mistakes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradcheck
from gradcheck import nn
from gradcheck.diagnosis.context import Scene
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.mistakes.mistake import Variant
from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.losses.loss import Loss
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.subject import Subject

Spoil = Callable[[Array], Array]


def weights(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Of the terms of a sum, so that no two entries of its gradient are alike."""
    return np.random.default_rng(9).uniform(0.5, 3.0, shape)


def of_block(spoil: Spoil, shape: tuple[int, ...] = (4, 5), dtype: Any = np.float64, seed: int = 0) -> Report:
    """Check Σ c log cosh x, whose gradient c tanh x is spoiled."""
    x0 = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    c = weights(shape).astype(dtype)

    def loss(x: Array) -> Any:
        return np.sum(c * np.log(np.cosh(x)))

    def gradient(x: Array) -> Array:
        return np.asarray(spoil(c * np.tanh(x)), dtype=x.dtype)

    return gradcheck.check_gradients(loss, gradient, x0, rng=seed)


def slugs(report: Report) -> list[str]:
    """The slugs of the findings, strongest first."""
    return [finding.slug for finding in report.findings]


class Regression:
    """A tanh layer and a linear one with the mean squared error, and a place to spoil its gradients."""

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
        """The gradient as it should be."""
        h = np.tanh(X @ self.params["W1"] + self.params["b1"])
        delta = 2 * (h @ self.params["W2"] + self.params["b2"] - y) / y.size
        back = (delta @ self.params["W2"].T) * (1 - h * h)
        return {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": h.T @ delta, "b2": delta.sum(axis=0)}

    def gradient(self, X: Array, y: Array) -> dict[str, Array]:
        return self.spoil(self.right(X, y))


def batch(samples: int = 7) -> tuple[Array, Array]:
    """Samples for it."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(samples, 3)), rng.normal(size=(samples, 2))


def of_model(spoil: Callable[[dict[str, Array]], dict[str, Array]], samples: int = 7, seed: int = 0) -> Report:
    """Check a model whose gradients are spoiled."""
    return gradcheck.check_gradients(Regression(spoil, seed), batch=batch(samples), rng=seed)


def network(layer: Layer, width: int = 4, loss: Loss | None = None, after: int | None = None) -> nn.Network:
    """A dense layer, the layer, and another dense one, all at generic parameters."""
    made = nn.Network(
        [nn.Dense(3, width, rng=0), layer, nn.Dense(after or width, 2, rng=1)], loss or nn.MeanSquaredError()
    )
    rng = np.random.default_rng(7)
    for value in made.params.values():
        value += 0.4 * rng.normal(size=value.shape)
    return made


def of_layer(layer: Layer, width: int = 4, loss: Loss | None = None, after: int | None = None, seed: int = 0) -> Report:
    """Check the network that has this layer in the middle."""
    return gradcheck.check_gradients(network(layer, width, loss, after), batch=batch(5), rng=seed)


def variants(slug: str, subject: Subject, block: int, gradient: tuple[Array, ...]) -> dict[str, Variant]:
    """The ways of committing a mistake on the right gradient of a block."""
    return {v.detail: v for v in BY_SLUG[slug].variants(Scene(subject, subject.point, gradient), block)}


def committed(slug: str, g: Array) -> dict[str, Array]:
    """What each way of committing a mistake makes of a single block's gradient."""
    x0 = np.random.default_rng(0).normal(size=g.shape)
    subject = as_subject(lambda x: float(np.sum(x)), lambda x: x, x0)
    return {detail: v.commit((g,)) for detail, v in variants(slug, subject, 0, (g,)).items()}  # type: ignore[union-attr]


def matrices() -> Iterator[Array]:
    """Arrays of several ranks and shapes."""
    rng = np.random.default_rng(3)
    for shape in ((5,), (3, 4), (4, 4), (2, 3, 4), (3, 1, 3, 2)):
        yield rng.normal(size=shape)
