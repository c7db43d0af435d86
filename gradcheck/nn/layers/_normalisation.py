"""Normalisation to mean 0 and mean square 1, and its derivative."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layer import Array, Layer, check_sizes


class Normalised(NamedTuple):
    """Result of `normalise`; all but `values` have one number for each mean.

    Attributes
    ----------
    values : ndarray
        The normalised numbers.
    slope : ndarray
        1/√(mean square + epsilon).
    mean, deviation : ndarray
        The mean that was subtracted, and the root mean square of the differences.
    """

    values: Array
    slope: Array
    mean: Array
    deviation: Array


def normalise(x: Array, axes: tuple[int, ...], epsilon: float, *, centre: bool = True) -> Normalised:
    """Return (x − mean)/√(mean of (x − mean)² + epsilon), with means along some axes.

    Without `centre` no mean is subtracted. Large numbers are divided by a power of two first, which is exact and keeps
    squares from overflowing. Each mean is clipped to the range of its numbers, which rounding may leave. Equal numbers
    of any size therefore become 0.
    """
    low, high = x.min(axis=axes, keepdims=True), x.max(axis=axes, keepdims=True)
    _, exponent = np.frexp(np.maximum(-low, high))
    scale = np.ldexp(np.ones_like(low), np.maximum(exponent - 1, 0))
    z = x / scale
    mean = _mean(z, axes).clip(low / scale, high / scale) if centre else np.zeros_like(scale)
    z -= mean
    square = _mean(z * z, axes)
    root = np.sqrt(square + (math.sqrt(epsilon) / scale) ** 2)
    root[root == 0] = 1
    return Normalised(z / root, 1 / root / scale, mean * scale, np.sqrt(square) * scale)


def normalise_backward(
    upstream: Array, values: Array, slope: Array, axes: tuple[int, ...], *, centre: bool = True
) -> Array:
    """Gradient with respect to x, given the gradient U with respect to the values v of `normalise`.

    It is (U − mean of U − v · mean of U v) · slope. Without `centre` the first mean is left out.
    """
    downstream: Array = upstream - values * _mean(upstream * values, axes)
    if centre:
        downstream -= _mean(upstream, axes)
    downstream *= slope
    return downstream


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    """Mean, with a sum in double precision or better."""
    mean: Array = x.mean(axis=axes, keepdims=True, dtype=np.promote_types(x.dtype, np.float64))
    return mean.astype(x.dtype)


def check_epsilon(layer: str, epsilon: float) -> None:
    """Raise `ValueError` unless epsilon is a positive finite number."""
    if not (isinstance(epsilon, (int, float, np.floating)) and math.isfinite(epsilon) and epsilon > 0):
        raise ValueError(f"{layer}: epsilon must be a positive number, got {epsilon!r}")


class TrailingNormalisation(Layer):
    """Normalisation of each sample over its last axes; subclasses set whether a mean is subtracted.

    Parameters
    ----------
    features : int or tuple of int
    epsilon : float
    dtype : dtype
    """

    #: Whether the mean is subtracted and a beta is added.
    centre: bool

    def __init__(self, features: int | tuple[int, ...], *, epsilon: float, dtype: DTypeLike) -> None:
        super().__init__()
        name = type(self).__name__
        shape = tuple(features) if isinstance(features, (tuple, list)) else (features,)
        for size in shape or (0,):
            check_sizes(name, features=size)
        check_epsilon(name, epsilon)
        self.features, self.epsilon = features, epsilon
        self._shape = shape
        self._axes = tuple(range(-len(shape), 0))
        self.params["gamma"] = np.ones(shape, dtype)
        if self.centre:
            self.params["beta"] = np.zeros(shape, dtype)

    def forward(self, x: Array) -> Array:
        """Output of the same shape, (samples, ..., *features)."""
        x = self._input(x, "...")
        if x.ndim <= len(self._shape) or x.shape[-len(self._shape) :] != self._shape:
            wanted = ", ".join(map(str, self._shape))
            raise ValueError(f"{self!r}: takes an input of shape (samples, ..., {wanted}), got {x.shape}")
        normalised = normalise(x, self._axes, self.epsilon, centre=self.centre)
        y = self.params["gamma"] * normalised.values
        if self.centre:
            y += self.params["beta"]
        self._keep(normalised.values, normalised.slope, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape."""
        values, slope, _ = self._kept(upstream)
        upstream = np.asarray(upstream)
        samples: Any = tuple(range(values.ndim - len(self._shape)))
        self.grads["gamma"] = (upstream * values).sum(axis=samples)
        if self.centre:
            self.grads["beta"] = upstream.sum(axis=samples)
        return normalise_backward(upstream * self.params["gamma"], values, slope, self._axes, centre=self.centre)
