"""Fully connected layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale, normal
from gradcheck.nn.layer import RNG, Array, Layer, check_sizes


class Dense(Layer):
    """y = x W + b.

    Parameters
    ----------
    inputs, outputs : int
    bias : bool
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation itself. Biases start at 0.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    With the upstream gradient U of shape (samples, outputs): ∂L/∂W = xᵀU, ∂L/∂b is the sum of U over the samples, and
    ∂L/∂x = U Wᵀ.

    Examples
    --------
    >>> layer = Dense(3, 2, rng=0)
    >>> layer.forward([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    >>> layer.backward([[1.0, 1.0]]).shape, layer.grads["W"].shape
    ((1, 3), (3, 2))
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        scale: Scale = "glorot",
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        check_sizes("Dense", inputs=inputs, outputs=outputs)
        self.inputs, self.outputs, self.bias, self.scale = inputs, outputs, bias, scale
        self.params["W"] = normal((inputs, outputs), inputs, outputs, scale=scale, rng=rng, dtype=dtype)
        if bias:
            self.params["b"] = np.zeros(outputs, dtype)

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, outputs) for x of shape (samples, inputs)."""
        x = self._input(x, self.inputs)
        y = x @ self.params["W"]
        if self.bias:
            y += self.params["b"]
        self._keep(x, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of shape (samples, inputs)."""
        self.parameter_gradients(upstream)
        downstream: Array = np.asarray(upstream) @ self.params["W"].T
        return downstream

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of W and b without the product that `backward` returns."""
        x, _ = self._kept(upstream)
        upstream = np.asarray(upstream)
        self.grads["W"] = x.T @ upstream
        if self.bias:
            self.grads["b"] = upstream.sum(axis=0)
