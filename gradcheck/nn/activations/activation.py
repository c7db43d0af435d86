"""What activations share that act on every number alone."""

from __future__ import annotations

import abc

from gradcheck.nn.layer import Array, Layer


class Activation(Layer):
    """a = f(z), entry by entry, on any shape.

    Subclasses give `value` and `derivative`; ∂L/∂z = f′(z) ∂L/∂a follows.
    """

    @abc.abstractmethod
    def value(self, z: Array) -> Array:
        """Return f(z), without overflow for any finite z."""

    @abc.abstractmethod
    def derivative(self, z: Array) -> Array:
        """Return f′(z); at a kink a value between the slopes on either side, documented."""

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
