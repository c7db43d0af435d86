"""Sigmoid linear unit, also called swish."""

from __future__ import annotations

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array


class SiLU(Activation):
    """f(z) = z σ(z), with f′(z) = σ(z)(1 + z σ(−z)) (S. Elfwing et al., Neural Networks 107, 2018).

    Examples
    --------
    >>> layer = SiLU()
    >>> layer.forward([-1.0, 0.0, 1.0]).round(4)
    array([-0.2689,  0.    ,  0.7311])
    >>> layer.backward([1.0, 1.0, 1.0]).round(4)
    array([0.0723, 0.5   , 0.9277])
    """

    def value(self, z: Array) -> Array:
        """Return z σ(z)."""
        return z * logistic(z)

    def derivative(self, z: Array) -> Array:
        """Return σ(z)(1 + z σ(−z))."""
        slope: Array = logistic(z) * (1 + z * logistic(-z))
        return slope
