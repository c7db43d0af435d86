"""Base class of elementwise activations."""

from __future__ import annotations

import abc

from gradcheck.nn.layer import Array, Layer


class Activation(Layer):
    """a = f(z), entry by entry, for inputs of any shape.

    Subclasses define `value` and `derivative`. The gradient is ∂L/∂z = f′(z) ∂L/∂a.
    """

    @abc.abstractmethod
    def value(self, z: Array) -> Array:
        """Return f(z), without overflow for any finite z."""

    @abc.abstractmethod
    def derivative(self, z: Array) -> Array:
        """Return f′(z); at a kink a value between the two one-sided derivatives, as documented by the subclass."""

    def forward(self, x: Array) -> Array:
        """Activations of the same shape."""
        z = self._input(x, "...")
        a = self.value(z)
        self._keep(z, a)
        return a

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape."""
        z, _ = self._kept(upstream)
        downstream: Array = upstream * self.derivative(z)
        return downstream
