"""Layers with a shortcut around them."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.layers.container import Container, backward_through, forward_through, inside, layers_of


class Residual(Container):
    """y = f(x) + x, where f is a sequence of layers.

    Parameters
    ----------
    *layers : Layer
        At least one.
    shortcut : Layer, optional
        The s in y = f(x) + s(x), needed if f changes the shape. A `Sequential` combines several layers.

    Notes
    -----
    The gradients of both paths are added: ∂L/∂x = (∂f/∂x)ᵀU + (∂s/∂x)ᵀU, or (∂f/∂x)ᵀU + U without a shortcut layer
    (K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016).

    Examples
    --------
    >>> from gradcheck.nn import Dense, Tanh
    >>> layer = Residual(Dense(3, 3, rng=0), Tanh())
    >>> layer.forward([[1.0, 2.0, 3.0]]).shape
    (1, 3)
    >>> list(Residual(Dense(3, 2), shortcut=Dense(3, 2, bias=False)).params)
    ['layers.0.W', 'layers.0.b', 'shortcut.W']
    """

    def __init__(self, *layers: Layer, shortcut: Layer | None = None) -> None:
        self.layers = layers_of("Residual", layers)
        self.shortcut = None if shortcut is None else layers_of("Residual, shortcut", [shortcut])[0]
        self._inner = {f"layers.{position}": layer for position, layer in enumerate(self.layers)}
        super().__init__()

    def children(self) -> dict[str, Layer]:
        """The layers as ``layers.0``, ``layers.1``, …, and ``shortcut``."""
        return self._inner | ({} if self.shortcut is None else {"shortcut": self.shortcut})

    def forward(self, x: Array) -> Array:
        """Sum of both paths."""
        x = self._input(x, "...")
        around = x
        if self.shortcut is not None:
            with inside("shortcut"):
                around = self.shortcut.forward(x)
        through = forward_through(self._inner, x)
        if through.shape != around.shape:
            raise ValueError(
                f"{self!r}: for an input of shape {x.shape} the layers return shape {through.shape}, but the shortcut "
                f"{around.shape}; both must have the same shape"
            )
        y = through + around
        self._keep(y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Sum of the gradients of both paths."""
        self._kept(upstream)
        upstream = np.asarray(upstream)
        around = upstream
        if self.shortcut is not None:
            with inside("shortcut"):
                around = self.shortcut.backward(upstream)
        return backward_through(self._inner, upstream) + around

    def __repr__(self) -> str:
        shortcut = () if self.shortcut is None else (f"shortcut={self.shortcut!r}",)
        return f"Residual({', '.join([*map(repr, self.layers), *shortcut])})"
