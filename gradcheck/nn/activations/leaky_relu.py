"""Rectifier that lets a little of the negative numbers through."""

from __future__ import annotations

import math

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array


class LeakyReLU(Activation):
    """f(z) = z where z > 0 and s z elsewhere, with slope s (A. L. Maas et al., ICML 2013).

    The derivative is 1 where z > 0 and s elsewhere, at the kink z = 0 too (as in PyTorch).

    Parameters
    ----------
    slope : float
        From 0 to 1.

    Examples
    --------
    >>> layer = LeakyReLU(slope=0.5)
    >>> layer.forward([-1.0, 0.0, 2.0])
    array([-0.5,  0. ,  2. ])
    >>> layer.backward([3.0, 3.0, 3.0])
    array([1.5, 1.5, 3. ])
    """

    def __init__(self, *, slope: float = 0.01) -> None:
        super().__init__()
        if not (math.isfinite(slope) and 0 <= slope <= 1):
            raise ValueError(f"LeakyReLU: slope must be a number from 0 to 1, got {slope!r}")
        self.slope = float(slope)

    def value(self, z: Array) -> Array:
        """Positive numbers as they are, others times the slope."""
        a: Array = np.where(z > 0, z, self.slope * z)
        return a

    def derivative(self, z: Array) -> Array:
        """1 for positive numbers, otherwise the slope."""
        return np.where(z > 0, 1.0, self.slope).astype(z.dtype)
