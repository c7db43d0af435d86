"""Reshaping of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradcheck.nn.layer import Array, Layer


class Reshape(Layer):
    """The numbers of each sample in another shape, in C order. The gradient is reshaped back.

    The output is a view of the input if NumPy does not need to copy it.

    Parameters
    ----------
    shape : tuple of int
        Shape without the axis of the samples. One size may be −1, and is then inferred.

    Examples
    --------
    >>> layer = Reshape((3, -1))
    >>> layer.forward(np.ones((5, 12))).shape
    (5, 3, 4)
    >>> layer.backward(np.ones((5, 3, 4))).shape
    (5, 12)
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
        whole = all(_is_size(size) for size in sizes)
        if not (sizes and whole and sizes.count(-1) <= 1):
            raise ValueError(f"Reshape: shape must be positive whole numbers, one of which may be -1; got {shape!r}")
        self.shape = tuple(int(size) for size in sizes)

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, *shape)."""
        x = self._input(x, "...")
        have, want = math.prod(x.shape[1:]), math.prod(size for size in self.shape if size > 0)
        if have % want if -1 in self.shape else have != want:
            raise ValueError(
                f"{self!r}: takes samples of {'a multiple of ' if -1 in self.shape else ''}{want} numbers, "
                f"got an input of shape {x.shape}"
            )
        y = x.reshape(x.shape[0], *self.shape)
        self._keep(x.shape, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the shape of the input."""
        shape, _ = self._kept(upstream)
        return np.reshape(upstream, shape)


def _is_size(size: object) -> bool:
    """Whether it is a positive whole number, or −1."""
    return isinstance(size, (int, np.integer)) and not isinstance(size, bool) and (size == -1 or bool(size > 0))
