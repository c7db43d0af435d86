"""Exponential linear unit."""

from __future__ import annotations

import math

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array


class ELU(Activation):
    """f(z) = z where z > 0 and α(eᶻ − 1) elsewhere (D.-A. Clevert et al., ICLR 2016).

    The derivative is 1 where z > 0 and α eᶻ elsewhere. Unless α = 1, there is a kink at z = 0, where the derivative is
    taken to be α, as in PyTorch.

    Parameters
    ----------
    alpha : float
        Positive. The function tends to −α for large negative z.

    Examples
    --------
    >>> layer = ELU()
    >>> layer.forward([-1.0, 0.0, 2.0]).round(4)
    array([-0.6321,  0.    ,  2.    ])
    >>> layer.backward([1.0, 1.0, 1.0]).round(4)
    array([0.3679, 1.    , 1.    ])
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        super().__init__()
        if not (math.isfinite(alpha) and alpha > 0):
            raise ValueError(f"ELU: alpha must be a positive number, got {alpha!r}")
        self.alpha = float(alpha)

    def value(self, z: Array) -> Array:
        """Return z where z > 0 and α(eᶻ − 1) elsewhere, precise for small z."""
        a: Array = np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0)))
        return a

    def derivative(self, z: Array) -> Array:
        """Return 1 where z > 0 and α eᶻ elsewhere."""
        slope: Array = np.where(z > 0, 1, self.alpha * np.exp(np.minimum(z, 0)))
        return slope
