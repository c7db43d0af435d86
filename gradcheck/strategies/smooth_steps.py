"""Smooth steps that functions are composed of, each with its exact derivative in both directions.

All are analytic formulas without absolute values or comparisons, so that they take complex numbers as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: A step as it is written: its name, or its name and the number of its outputs.
StepSpec = str | tuple[str, int]


@dataclass(frozen=True)
class SmoothStep:
    """One step.

    Attributes
    ----------
    value : callable
        ``value(x)``.
    push : callable
        ``push(x, v)``: the derivative times a direction.
    pull : callable
        ``pull(x, u)``: its transpose times a cotangent.
    """

    value: Callable[[Array], Array]
    push: Callable[[Array, Array], Array]
    pull: Callable[[Array, Array], Array]


def _elementwise(value: Callable[[Array], Array], slope: Callable[[Array], Array]) -> SmoothStep:
    def times(x: Array, v: Array) -> Array:
        return slope(x) * v

    return SmoothStep(value, times, times)


def _softmax(x: Array) -> Array:
    e = np.exp(x)
    return np.asarray(e / e.sum())


def _softmax_times(x: Array, v: Array) -> Array:
    p = _softmax(x)
    return np.asarray(p * (v - (p * v).sum()))


def _normalised_times(x: Array, v: Array) -> Array:
    s = 1 + (x * x).sum()
    return np.asarray(v / np.sqrt(s) - x * (x * v).sum() / s**1.5)


#: Steps without numbers of their own, by name.
PLAIN: dict[str, SmoothStep] = {
    "tanh": _elementwise(np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sin": _elementwise(np.sin, np.cos),
    "square": _elementwise(lambda x: x * x, lambda x: 2 * x),
    "softplus": _elementwise(lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x))),
    "bell": _elementwise(lambda x: np.exp(-x * x / 2), lambda x: -x * np.exp(-x * x / 2)),
    "cyclic": SmoothStep(
        lambda x: x * np.roll(x, -1) + x,
        lambda x, v: v * np.roll(x, -1) + x * np.roll(v, -1) + v,
        lambda x, u: u * np.roll(x, -1) + np.roll(x * u, 1) + u,
    ),
    "cumulative": SmoothStep(np.cumsum, lambda x, v: np.cumsum(v), lambda x, u: np.cumsum(u[::-1])[::-1]),
    "softmax": SmoothStep(_softmax, _softmax_times, _softmax_times),
    "normalised": SmoothStep(lambda x: x / np.sqrt(1 + (x * x).sum()), _normalised_times, _normalised_times),
}


def affine(inputs: int, outputs: int, rng: np.random.Generator) -> SmoothStep:
    """A matrix and a shift with entries of two digits."""
    matrix = np.round(rng.uniform(0.2, 1.5, (outputs, inputs)) * rng.choice([-1, 1], (outputs, inputs)), 2)
    matrix /= np.sqrt(inputs)
    shift = np.round(rng.uniform(-1, 1, outputs), 2)
    return SmoothStep(lambda x: matrix @ x + shift, lambda x, v: matrix @ v, lambda x, u: matrix.T @ u)
