"""Momentum with steps scaled by recent gradients."""

from __future__ import annotations

import math

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.optimiser import Optimiser, check_fraction, check_positive


class Adam(Optimiser):
    """Mean gradient divided by the root of its mean square, both averages corrected for their start at 0.

    At step t, for each number: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², and
    θ ← θ − η m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).

    Parameters
    ----------
    rate : float
        Step size η.
    beta1, beta2 : float
        Decay rates β₁ and β₂ of the two averages.
    eps : float
        The ε that is added to the root of v̂, as in the paper and in PyTorch.

    Notes
    -----
    From D. P. Kingma and J. Ba, ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([1.0, 1.0])}
    >>> Adam(0.01).step(params, {"W": np.array([1.0, -100.0])})
    >>> params["W"].round(6)
    array([0.99, 1.01])
    """

    def __init__(self, rate: float = 0.001, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__(rate)
        check_fraction(type(self).__name__, beta1=beta1, beta2=beta2)
        check_positive(type(self).__name__, eps=eps)
        self.beta1, self.beta2, self.eps = float(beta1), float(beta2), float(eps)

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        mean, square = self._kept(name, "mean", value), self._kept(name, "square", value)
        mean *= self.beta1
        mean += (1 - self.beta1) * grad
        square *= self.beta2
        square += (1 - self.beta2) * grad**2
        root = np.sqrt(square) / math.sqrt(1 - self.beta2**self.steps)
        return -self.rate / (1 - self.beta1**self.steps) * mean / (root + self.eps)
