"""Hyperbolic tangent."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array


class Tanh(Activation):
    """f(z) = tanh z, with f′(z) = 1 − tanh² z = 1/cosh² z.

    Examples
    --------
    >>> layer = Tanh()
    >>> layer.forward([0.0]), layer.backward([2.0])
    (array([0.]), array([2.]))
    """

    def value(self, z: Array) -> Array:
        """Return tanh z."""
        a: Array = np.tanh(z)
        return a

    def derivative(self, z: Array) -> Array:
        """Return 1/cosh² z, which does not cancel where tanh z is nearly ±1."""
        e = np.exp(-np.abs(z))
        slope: Array = (2 * e / (1 + e**2)) ** 2
        return slope
