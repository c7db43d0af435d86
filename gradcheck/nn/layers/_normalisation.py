"""Numbers taken to a mean of 0 and a mean square of 1, and back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layer import Array, Layer, positive


class Normalised(NamedTuple):
    """What `normalise` returns: the normalised numbers, and for each mean taken what it was taken to.

    Attributes
    ----------
    values : ndarray
    slope : ndarray
        1/√(mean square + epsilon).
    mean, deviation : ndarray
        What was subtracted, and the root of the mean square of what was left.
    """

    values: Array
    slope: Array
    mean: Array
    deviation: Array


def normalise(x: Array, axes: tuple[int, ...], epsilon: float, *, centre: bool = True) -> Normalised:
    """(x − mean)/√(mean square of x − mean, + epsilon), with means along some axes.

    Without `centre` no mean is subtracted. Where numbers are large they are divided by a power of two first, which is
    exact, so that no square overflows. No mean is let out of the range of its numbers, where rounding may take it:
    equal numbers, however large, become 0.
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
    """Gradient by x, given the one by the values v of `normalise`.

    It is (U − mean of U − v · mean of U v) · slope, without the first mean where nothing was subtracted.
    """
    downstream: Array = upstream - values * _mean(upstream * values, axes)
    if centre:
        downstream -= _mean(upstream, axes)
    downstream *= slope
    return downstream


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    """Mean, added up in double precision at least."""
    mean: Array = x.mean(axis=axes, keepdims=True, dtype=np.promote_types(x.dtype, np.float64))
    return mean.astype(x.dtype)


def check_epsilon(layer: str, epsilon: float) -> None:
    """Refuse anything but a positive finite number."""
    if not (isinstance(epsilon, (int, float, np.floating)) and math.isfinite(epsilon) and epsilon > 0):
        raise ValueError(f"{layer}: epsilon must be a positive number, got {epsilon!r}")


class TrailingNormalisation(Layer):
    """Normalisation of each sample over its last axes; subclasses say whether a mean is subtracted.

    Parameters
    ----------
    features : int or tuple of int
    epsilon : float
    dtype : dtype
    """

    #: Whether a mean is subtracted, and a beta added.
    centre: bool

    def __init__(self, features: int | tuple[int, ...], *, epsilon: float, dtype: DTypeLike) -> None:
        super().__init__()
        name = type(self).__name__
        shape = tuple(features) if isinstance(features, (tuple, list)) else (features,)
        for size in shape or (0,):
            positive(name, features=size)
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
