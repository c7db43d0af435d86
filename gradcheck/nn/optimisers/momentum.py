"""Gradient descent with momentum."""

from __future__ import annotations

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.optimiser import Optimiser, check_fraction


class Momentum(Optimiser):
    """Gradient descent along a velocity: v ← μ v + g, θ ← θ − η v.

    Parameters
    ----------
    rate : float
        Step size η.
    momentum : float
        Decay rate μ of the velocity.

    Notes
    -----
    The velocity starts at 0 and sums gradients, as in PyTorch. For a constant gradient, steps grow to η g/(1 − μ). From
    B. T. Polyak, USSR Computational Mathematics and Mathematical Physics 4 (1964).

    Examples
    --------
    >>> import numpy as np
    >>> params, optimiser = {"W": np.array([1.0])}, Momentum(0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     optimiser.step(params, {"W": np.array([1.0])})
    >>> params["W"]
    array([-0.25])
    """

    def __init__(self, rate: float, *, momentum: float = 0.9) -> None:
        super().__init__(rate)
        check_fraction(type(self).__name__, momentum=momentum)
        self.momentum = float(momentum)

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        return -self.rate * self._velocity(name, value, grad)

    def _velocity(self, name: str, value: Array, grad: Array) -> Array:
        """Velocity after the gradient of this step is added."""
        velocity = self._kept(name, "velocity", value)
        velocity *= self.momentum
        velocity += grad
        return velocity
