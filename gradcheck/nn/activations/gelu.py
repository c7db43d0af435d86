"""Gaussian error linear unit."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array

#: For |z| from here on, e^(−z²/2) and both tails of σ(2u) are 0 in every type up to float64. Clipping z to this range
#: keeps its powers from overflowing.
CLIP = 40


class GELU(Activation):
    """f(z) = z Φ(z) with the normal distribution function Φ (D. Hendrycks and K. Gimpel, arXiv:1606.08415).

    Parameters
    ----------
    approximate : bool
        Replace Φ by σ(2u) = (1 + tanh u)/2, with u = √(2/π)(z + 0.044715 z³).

    Notes
    -----
    The derivative is f′(z) = Φ(z) + z φ(z) with the normal density φ. For the approximation it is
    σ(2u)(1 + 2 z u′ σ(−2u)) with u′ = √(2/π)(1 + 3 · 0.044715 z²). In the left tail the condition number is about z²:
    rounding z changes f and f′ by about z² units in the last place, and they are precise to that.

    Examples
    --------
    >>> GELU().forward([-1.0, 0.0, 1.0]).round(4)
    array([-0.1587,  0.    ,  0.8413])
    >>> GELU(approximate=True).forward([-1.0, 0.0, 1.0]).round(4)
    array([-0.1588,  0.    ,  0.8412])
    """

    def __init__(self, *, approximate: bool = False) -> None:
        super().__init__()
        self.approximate = bool(approximate)

    def value(self, z: Array) -> Array:
        """Return z Φ(z), or its approximation."""
        below = logistic(_exponent(z)) if self.approximate else ndtr(z)
        a: Array = z * below
        return a

    def derivative(self, z: Array) -> Array:
        """Return Φ(z) + z φ(z), or the derivative of the approximation."""
        near = np.clip(z, -CLIP, CLIP)
        if self.approximate:
            rise = math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * near**2)
            exponent = _exponent(z)
            return logistic(exponent) * (1 + near * rise * logistic(-exponent))
        density = math.sqrt(0.5 / math.pi) * np.exp(-0.5 * near**2)
        slope: Array = ndtr(z) + near * density
        return slope


def _exponent(z: Array) -> Array:
    """The 2u of the approximation."""
    near = np.clip(z, -CLIP, CLIP)
    doubled: Array = math.sqrt(8 / math.pi) * (near + 0.044715 * near**3)
    return doubled
