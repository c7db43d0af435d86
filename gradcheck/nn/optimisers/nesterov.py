"""Gradient descent with Nesterov momentum."""

from __future__ import annotations

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.momentum import Momentum


class Nesterov(Momentum):
    """Gradient descent with a look-ahead velocity: v ← μ v + g, θ ← θ − η (g + μ v).

    Parameters
    ----------
    rate : float
        Step size η.
    momentum : float
        Decay rate μ of the velocity.

    Notes
    -----
    The parameters θ are the look-ahead point, where the gradient is evaluated: with φ = θ + η μ v this is φ ← φ − η v
    of Y. Nesterov, Soviet Mathematics Doklady 27 (1983), in the form of I. Sutskever et al., ICML 2013. Conventions are
    those of PyTorch.

    Examples
    --------
    >>> import numpy as np
    >>> params, optimiser = {"W": np.array([1.0])}, Nesterov(0.5, momentum=0.5)
    >>> optimiser.step(params, {"W": np.array([1.0])})
    >>> params["W"]
    array([0.25])
    """

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        return -self.rate * (grad + self.momentum * self._velocity(name, value, grad))
