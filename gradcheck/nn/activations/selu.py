"""Scaled exponential linear unit."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array

#: With these values f(z) has mean 0 and variance 1 if z is normally distributed with mean 0 and variance 1.
ALPHA = 1.6732632423543772
SCALE = 1.0507009873554805


class SELU(Activation):
    """f(z) = λz where z > 0 and λα(eᶻ − 1) elsewhere, α ≈ 1.6733 and λ ≈ 1.0507 (G. Klambauer et al., NeurIPS 2017).

    The derivative is λ where z > 0 and λα eᶻ elsewhere, including the kink z = 0, as in PyTorch.

    Examples
    --------
    >>> layer = SELU()
    >>> layer.forward([-1.0, 0.0, 1.0]).round(4)
    array([-1.1113,  0.    ,  1.0507])
    >>> layer.backward([1.0, 1.0, 1.0]).round(4)
    array([0.6468, 1.7581, 1.0507])
    """

    def value(self, z: Array) -> Array:
        """Return λz where z > 0 and λα(eᶻ − 1) elsewhere, precise for small z."""
        a: Array = SCALE * np.where(z > 0, z, ALPHA * np.expm1(np.minimum(z, 0)))
        return a

    def derivative(self, z: Array) -> Array:
        """Return λ where z > 0 and λα eᶻ elsewhere."""
        slope: Array = SCALE * np.where(z > 0, 1, ALPHA * np.exp(np.minimum(z, 0)))
        return slope
