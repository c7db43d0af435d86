"""Logistic function."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array


def logistic(z: Array) -> Array:
    """Return σ(z) = 1/(1 + e⁻ᶻ), computed from an exponential that cannot overflow."""
    e = np.exp(-np.abs(z))
    a: Array = np.where(z >= 0, 1, e) / (1 + e)
    return a


class Sigmoid(Activation):
    """f(z) = σ(z) = 1/(1 + e⁻ᶻ), with f′(z) = σ(z)(1 − σ(z)) = σ(z) σ(−z).

    The last form is precise where σ(z) is nearly 1 and the difference in the first form cancels.

    Examples
    --------
    >>> layer = Sigmoid()
    >>> layer.forward([0.0]), layer.backward([2.0])
    (array([0.5]), array([0.5]))
    """

    def value(self, z: Array) -> Array:
        """Return σ(z)."""
        return logistic(z)

    def derivative(self, z: Array) -> Array:
        """Return σ(z) σ(−z) = e/(1 + e)² with e = e⁻|ᶻ|."""
        e = np.exp(-np.abs(z))
        slope: Array = e / (1 + e) ** 2
        return slope
