"""Gradient descent."""

from __future__ import annotations

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.optimiser import Optimiser


class SGD(Optimiser):
    """Gradient descent: θ ← θ − η g. It is stochastic if the gradient is that of a batch of samples.

    Parameters
    ----------
    rate : float
        Step size η.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([1.0, 2.0])}
    >>> SGD(0.5).step(params, {"W": np.array([1.0, -1.0])})
    >>> params["W"]
    array([0.5, 2.5])
    """

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        return -self.rate * grad
