"""Losses with their gradients, and models, that several tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from gradcheck import check_gradients

Array = NDArray[Any]


def verdict(*arguments: Any, **options: Any) -> str:
    """The verdict of a check, with seed 0 unless another is given."""
    return check_gradients(*arguments, **{"rng": 0, **options}).verdict.value


def codes(*arguments: Any, **options: Any) -> set[str]:
    """The codes of the findings."""
    return {finding.code for finding in check_gradients(*arguments, **{"rng": 0, **options}).findings}


def logcosh(x: Array) -> float:
    """Sum of log cosh, whose gradient is tanh."""
    return float(np.sum(np.logaddexp(x, -x) - np.log(2.0)))


class SoftmaxRegression:
    """Mean cross-entropy of linear logits as a function of ``{"W": ..., "b": ...}``."""

    def __init__(self, samples: int = 20, features: int = 4, classes: int = 3, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.inputs = rng.standard_normal((samples, features))
        self.labels = np.eye(classes)[rng.integers(0, classes, samples)]
        self.start = {"W": rng.standard_normal((features, classes)), "b": rng.standard_normal(classes)}

    def loss(self, p: dict[str, Array]) -> float:
        return -float(np.mean(np.sum(self.labels * log_softmax(self.inputs @ p["W"] + p["b"], axis=1), axis=1)))

    def gradient(self, p: dict[str, Array]) -> dict[str, Array]:
        delta = (softmax(self.inputs @ p["W"] + p["b"], axis=1) - self.labels) / len(self.inputs)
        return {"W": self.inputs.T @ delta, "b": delta.sum(axis=0)}

    def spoiled(self, block: str, spoil: Callable[[Array], Array]) -> Callable[[dict[str, Array]], dict[str, Array]]:
        """The gradient with one block of it spoiled."""

        def gradient(p: dict[str, Array]) -> dict[str, Array]:
            found = self.gradient(p)
            return {**found, block: spoil(found[block])}

        return gradient


INPUTS: Array = np.random.default_rng(1).standard_normal((8, 3))
TARGETS: Array = np.random.default_rng(2).standard_normal((8, 2))
BATCH = (INPUTS, TARGETS)


class TanhModel:
    """Half the squared error of tanh(XW + b); `factor` spoils the gradient of W."""

    def __init__(self, factor: float = 1.0) -> None:
        rng = np.random.default_rng(0)
        self.params: Any = {"W": rng.standard_normal((3, 2)), "b": np.array([0.25, -0.5])}
        self.factor = factor

    def loss(self, inputs: Array, targets: Array) -> Any:
        return 0.5 * float(np.sum((np.tanh(inputs @ self.params["W"] + self.params["b"]) - targets) ** 2))

    def gradient(self, inputs: Array, targets: Array) -> Any:
        output = np.tanh(inputs @ self.params["W"] + self.params["b"])
        delta = (output - targets) * (1.0 - output**2)
        return {"W": self.factor * (inputs.T @ delta), "b": delta.sum(axis=0)}


def bits(params: Any) -> dict[str, bytes]:
    """The bytes of each array of a flat mapping."""
    return {name: np.asarray(value).tobytes() for name, value in params.items()}


def spoil_entry(index: tuple[int, ...], factor: float) -> Callable[[Array], Array]:
    """Multiply one entry."""

    def spoil(gradient: Array) -> Array:
        spoiled = np.array(gradient)
        spoiled[index] *= factor
        return spoiled

    return spoil


def typical_index(gradient: Array) -> tuple[int, ...]:
    """Where the entry is whose size is nearest to the median."""
    sizes = np.abs(gradient)
    nearest = int(np.argmin(np.abs(sizes - np.median(sizes))))
    return tuple(int(i) for i in np.unravel_index(nearest, gradient.shape))
