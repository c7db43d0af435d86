"""Rectifier with a small slope for negative numbers."""

from __future__ import annotations

import math

import numpy as np

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array


class LeakyReLU(Activation):
    """f(z) = z where z > 0 and s z elsewhere (A. L. Maas et al., ICML 2013).

    The derivative is 1 where z > 0 and s elsewhere, including the kink z = 0, as in PyTorch.

    Parameters
    ----------
    slope : float
        The s, from 0 to 1.

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
        """Return z where z > 0 and s z elsewhere."""
        a: Array = np.where(z > 0, z, self.slope * z)
        return a

    def derivative(self, z: Array) -> Array:
        """Return 1 where z > 0 and s elsewhere."""
        return np.where(z > 0, 1.0, self.slope).astype(z.dtype)
