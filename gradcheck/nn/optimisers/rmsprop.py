"""Gradient descent with steps scaled by recent gradients."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.optimiser import Optimiser, check_fraction, check_positive


class RMSProp(Optimiser):
    """Steps divided by the root of a mean square, for each number: s ← α s + (1 − α) g², θ ← θ − η g/(√s + ε).

    Parameters
    ----------
    rate : float
        Step size η.
    decay : float
        Decay rate α of the mean.
    eps : float
        The ε that is added to the root, as in PyTorch.

    Notes
    -----
    The mean starts at 0 without a correction, so the first steps are up to 1/√(1 − α) times as long. From
    T. Tieleman and G. Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012).

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([1.0, 1.0])}
    >>> RMSProp(0.01, decay=0.75).step(params, {"W": np.array([1.0, -100.0])})
    >>> params["W"].round(6)
    array([0.98, 1.02])
    """

    def __init__(self, rate: float = 0.01, *, decay: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(rate)
        check_fraction("RMSProp", decay=decay)
        check_positive("RMSProp", eps=eps)
        self.decay, self.eps = float(decay), float(eps)

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        square = self._kept(name, "square", value)
        square *= self.decay
        square += (1 - self.decay) * grad**2
        return -self.rate * grad / (np.sqrt(square) + self.eps)
