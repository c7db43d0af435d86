"""Smooth rectifier."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array


class Softplus(Activation):
    """f(z) = log(1 + eᶻ), with f′(z) = σ(z).

    Examples
    --------
    >>> layer = Softplus()
    >>> layer.forward([-1000.0, 0.0, 50.0]).round(4)
    array([ 0.    ,  0.6931, 50.    ])
    >>> layer.backward([2.0, 2.0, 2.0])
    array([0., 1., 2.])
    """

    def value(self, z: Array) -> Array:
        """Return max(z, 0) + log(1 + e⁻|ᶻ|), whose exponential cannot overflow."""
        a: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        return a

    def derivative(self, z: Array) -> Array:
        """Return σ(z)."""
        return logistic(z)
