"""Rectifier."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array


class ReLU(Activation):
    """f(z) = max(z, 0), with f′(z) = 1 where z > 0 and 0 elsewhere, including the kink z = 0, as in PyTorch.

    Examples
    --------
    >>> layer = ReLU()
    >>> layer.forward([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
    >>> layer.backward([3.0, 3.0, 3.0])
    array([0., 0., 3.])
    """

    def value(self, z: Array) -> Array:
        """Return max(z, 0)."""
        a: Array = np.maximum(z, 0)
        return a

    def derivative(self, z: Array) -> Array:
        """Return 1 where z > 0 and 0 elsewhere."""
        return (z > 0).astype(z.dtype)

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape: the upstream gradient where z > 0, and 0 elsewhere."""
        z, _ = self._kept(upstream)
        downstream: Array = upstream * (z > 0)
        return downstream
