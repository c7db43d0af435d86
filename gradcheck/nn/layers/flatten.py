"""Flattening of samples."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer


class Flatten(Layer):
    """All numbers of a sample in one row, in C order. The gradient is reshaped back.

    The output is a view of the input if NumPy does not need to copy it.

    Examples
    --------
    >>> layer = Flatten()
    >>> layer.forward(np.ones((5, 2, 3))).shape
    (5, 6)
    >>> layer.backward(np.ones((5, 6))).shape
    (5, 2, 3)
    """

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, numbers of a sample)."""
        x = self._input(x, "...")
        y = x.reshape(x.shape[0], -1)
        self._keep(x.shape, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the shape of the input."""
        shape, _ = self._kept(upstream)
        return np.reshape(upstream, shape)
