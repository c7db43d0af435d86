"""Pooling along any number of axes."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.layers._windows import AXES, Padding, Sizes, Windows, pairs, sizes


class Pooling(Layer):
    """One number for each window of each channel; subclasses set which one, and the number of axes.

    Parameters
    ----------
    size : int or tuple of int
    stride : int or tuple of int, optional
    padding : int or tuple
    """

    #: Number of axes of an image: 1 for signals, 2 for images.
    axes: ClassVar[int]

    def __init__(self, size: Sizes, *, stride: Sizes | None = None, padding: Padding = 0) -> None:
        super().__init__()
        name = type(self).__name__
        self.size, self.stride, self.padding = size, stride, padding
        self._windows = Windows(
            sizes(name, "size", size, self.axes),
            sizes(name, "stride", size if stride is None else stride, self.axes),
            pairs(name, padding, self.axes),
            (1,) * self.axes,
        )
        for positions, sides in zip(self._windows.size, self._windows.padding, strict=True):
            if max(sides) >= positions:
                raise ValueError(
                    f"{name}: padding must be smaller than the size, else a window could lie outside of the image; "
                    f"got {padding!r} with size={size!r}"
                )

    def _checked(self, x: Array) -> tuple[Array, tuple[int, ...]]:
        """Input as floats, and the number of windows along each axis."""
        x = self._input(x, "channels", *AXES[self.axes])
        counts = self._windows.counts(x.shape[2:])
        if min(counts) < 1:
            raise ValueError(
                f"{self!r}: the window has size {self._windows.size}, which is larger than an input of shape "
                f"{x.shape} with its padding"
            )
        return x, counts


class MaxPooling(Pooling):
    """The largest number of each window; the first one of several equal ones gets the gradient."""

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, channels, *windows) for x of shape (samples, channels, *image)."""
        x, counts = self._checked(x)
        held = self._windows.gather(x, counts, fill=-np.inf)
        first = held.argmax(axis=1, keepdims=True)
        y: Array = np.take_along_axis(held, first, axis=1)[:, 0]
        self._keep(x.shape, first, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the shape of the input."""
        shape, first, _ = self._kept(upstream)
        positions = np.arange(math.prod(self._windows.size)).reshape(-1, *(1,) * (first.ndim - 2))
        held = np.where(first == positions, np.asarray(upstream)[:, None], 0)
        return np.ascontiguousarray(self._windows.scatter(held, shape[2:]))


class AveragePooling(Pooling):
    """The mean of each window.

    Parameters
    ----------
    size : int or tuple of int
    stride : int or tuple of int, optional
    padding : int or tuple
    include_padding : bool
    """

    def __init__(
        self, size: Sizes, *, stride: Sizes | None = None, padding: Padding = 0, include_padding: bool = True
    ) -> None:
        super().__init__(size, stride=stride, padding=padding)
        self.include_padding = include_padding

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, channels, *windows) for x of shape (samples, channels, *image)."""
        x, counts = self._checked(x)
        weights = self._weights(x, counts)
        y: Array = (self._windows.gather(x, counts) * weights).sum(axis=1)
        self._keep(x.shape, weights, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the shape of the input."""
        shape, weights, _ = self._kept(upstream)
        held = np.asarray(upstream)[:, None] * weights
        return np.ascontiguousarray(self._windows.scatter(held, shape[2:]))

    def _weights(self, x: Array, counts: tuple[int, ...]) -> Array:
        """Weight of each position of each window in its mean."""
        positions = math.prod(self._windows.size)
        if self.include_padding:
            return np.full((1, positions, 1, *(1,) * self.axes), 1 / positions, x.dtype)
        inside = self._windows.gather(np.ones((1, 1, *x.shape[2:]), x.dtype), counts)
        weights: Array = inside / inside.sum(axis=1, keepdims=True)
        return weights
