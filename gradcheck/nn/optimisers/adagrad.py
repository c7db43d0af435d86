"""Gradient descent with steps scaled by all gradients so far."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.optimiser import Optimiser, check_positive


class AdaGrad(Optimiser):
    """Steps divided by the root of a sum of squares, for each number: s ← s + g², θ ← θ − η g/(√s + ε).

    Parameters
    ----------
    rate : float
        Step size η.
    eps : float
        The ε that is added to the root, as in PyTorch.

    Notes
    -----
    The sum never decays, so steps shrink like 1/√t. From J. Duchi, E. Hazan and Y. Singer, Journal of
    Machine Learning Research 12 (2011).

    Examples
    --------
    >>> import numpy as np
    >>> params, optimiser = {"W": np.array([1.0, 1.0])}, AdaGrad(0.1)
    >>> optimiser.step(params, {"W": np.array([3.0, -3.0])})
    >>> optimiser.step(params, {"W": np.array([4.0, 4.0])})
    >>> params["W"].round(6)
    array([0.82, 1.02])
    """

    def __init__(self, rate: float = 0.01, *, eps: float = 1e-10) -> None:
        super().__init__(rate)
        check_positive("AdaGrad", eps=eps)
        self.eps = float(eps)

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        square = self._kept(name, "square", value)
        square += grad**2
        return -self.rate * grad / (np.sqrt(square) + self.eps)
