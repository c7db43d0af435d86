"""Small functions that the losses share.

They also take complex input with a tiny imaginary part: comparisons look at the real part only, so a complex
step differentiates the piece that the real part is on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.corpus.problem import Array


def scalar(value: Any) -> float:
    """Return a Python number: a float, or a complex for complex input."""
    number: float = np.asarray(value).item()
    return number


def positive(x: Array) -> Array:
    """Return 1 where the real part is positive, else 0."""
    return (x.real > 0).astype(np.float64)


def relu(x: Array) -> Array:
    """Return max(x, 0)."""
    return np.where(x.real > 0, x, 0.0)


def sign(x: Array) -> Array:
    """Return the sign of the real part."""
    result: Array = np.sign(x.real)
    return result


def absolute(x: Array) -> Array:
    """Return abs(x)."""
    return x * sign(x)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    result: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result


def length(x: Array, axis: int = -1) -> Array:
    """Return the Euclidean norm over one axis, with a derivative of 0 at 0."""
    zero = np.all(x.real == 0, axis=axis)
    result: Array = np.where(zero, 0.0, np.sqrt(np.where(zero, 1.0, np.sum(x * x, axis=axis))))
    return result


def softplus(x: Array) -> Array:
    """Return log(1 + exp(x))."""
    top = np.maximum(x.real, 0.0)
    result: Array = top + np.log(np.exp(x - top) + np.exp(-top))
    return result


def logsumexp(x: Array, axis: int = -1) -> Array:
    """Return log(sum(exp(x))) over one axis."""
    top = x.real.max(axis=axis, keepdims=True)
    result: Array = np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))
    return result


def softmax(x: Array, axis: int = -1) -> Array:
    """Return exp(x) / sum(exp(x)) over one axis."""
    powers = np.exp(x - x.real.max(axis=axis, keepdims=True))
    result: Array = powers / powers.sum(axis=axis, keepdims=True)
    return result


def softmax_backward(probabilities: Array, upstream: Array, axis: int = -1) -> Array:
    """Return the gradient by the logits, given that by the probabilities."""
    mean = np.sum(probabilities * upstream, axis=axis, keepdims=True)
    result: Array = probabilities * (upstream - mean)
    return result


def one_hot(labels: Array, classes: int) -> Array:
    """Return a row of zeros and a one for each label."""
    return np.eye(classes)[labels]


def put(x: Array, index: Any, value: Any) -> Array:
    """Return a copy of `x` with some entries replaced."""
    copy = x.copy()
    copy[index] = value
    return copy
