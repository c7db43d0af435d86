"""Flattening."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer


class Flatten(Layer):
    """All numbers of a sample in one row, as they lie in memory in C order; the gradient goes back to its places.

    The output looks at the numbers of the input where NumPy need not copy them.

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
        """Gradient of the input's shape."""
        shape, _ = self._kept(upstream)
        return np.reshape(upstream, shape)
