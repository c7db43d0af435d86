"""A sequence of layers."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.layers.container import Container, backward_through, forward_through, inside, layers_of


class Sequential(Container):
    """f_n ∘ … ∘ f_2 ∘ f_1: each layer takes the output of the one before.

    Parameters
    ----------
    *layers : Layer
        At least one.

    Notes
    -----
    By the chain rule the gradient passes through the layers from the last to the first.

    Examples
    --------
    >>> from gradcheck.nn import Dense, Tanh
    >>> layer = Sequential(Dense(3, 4, rng=0), Tanh(), Dense(4, 2, rng=1))
    >>> layer.forward([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    >>> layer.backward([[1.0, 1.0]]).shape, layer.grads["layers.2.W"].shape
    ((1, 3), (4, 2))
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers_of("Sequential", layers)
        self._children = {f"layers.{position}": layer for position, layer in enumerate(self.layers)}
        super().__init__()

    def children(self) -> dict[str, Layer]:
        """The layers as ``layers.0``, ``layers.1``, …"""
        return dict(self._children)

    def forward(self, x: Array) -> Array:
        """Output of the last layer."""
        y = forward_through(self._children, x)
        self._keep(y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient with respect to the input of the first layer."""
        self._kept(upstream)
        return backward_through(self._children, np.asarray(upstream))

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of all parameters, without the gradient with respect to the input of the first layer."""
        self._kept(upstream)
        first, *rest = self._children
        upstream = backward_through({name: self._children[name] for name in rest}, np.asarray(upstream))
        with inside(first):
            self.layers[0].parameter_gradients(upstream)

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"
