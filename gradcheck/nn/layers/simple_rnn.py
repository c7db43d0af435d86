"""Recurrent layer without gates."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale
from gradcheck.nn.layer import RNG, Array
from gradcheck.nn.layers._recurrent import Recurrent, State

Name = Literal["tanh", "relu"]


class SimpleRNN(Recurrent):
    """h_t = f(x_t Wx + h_{t−1} Wh + b), from h = 0 (J. L. Elman, Cognitive Science 14, 1990).

    Parameters
    ----------
    features, units : int
    activation : {"tanh", "relu"}
        The function f.
    last : bool
        Return only the state after the last step, of shape (samples, units). Otherwise return those of all steps, of
        shape (samples, time, units).
    reverse : bool
        Process the steps from the last to the first. The output of a step keeps its position.
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation itself. Biases start at 0.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    With z_t the argument of f and U_t the upstream gradient, backward in time (P. J. Werbos, Proc. IEEE 78, 1990):
    ∂L/∂z_t = f′(z_t)(U_t + ∂L/∂z_{t+1} Whᵀ), ∂L/∂Wx = Σ x_tᵀ ∂L/∂z_t, ∂L/∂Wh = Σ h_{t−1}ᵀ ∂L/∂z_t and
    ∂L/∂x_t = ∂L/∂z_t Wxᵀ. ReLU has the derivative 0 at its kink.

    Examples
    --------
    >>> layer = SimpleRNN(2, 3, last=True, rng=0)
    >>> layer.forward([[[1.0, 2.0], [0.0, 1.0]]], mask=[[True, False]]).shape
    (1, 3)
    >>> layer.backward([[1.0, 1.0, 1.0]])[0, 1]
    array([0., 0.])
    """

    gates = 1

    def __init__(
        self,
        features: int,
        units: int,
        *,
        activation: Name = "tanh",
        last: bool = False,
        reverse: bool = False,
        scale: Scale = "glorot",
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if activation not in get_args(Name):
            choices = ", ".join(get_args(Name))
            raise ValueError(f"SimpleRNN: activation must be one of {choices}, got {activation!r}")
        self.activation: Name = activation
        super().__init__(features, units, last=last, reverse=reverse, scale=scale, rng=rng, dtype=dtype)

    def _step(self, inward: Array, product: Array, state: State) -> tuple[State, Any]:
        z = inward + product
        h = np.tanh(z) if self.activation == "tanh" else np.maximum(z, 0)
        return (h,), h

    def _step_back(self, slopes: State, state: State, kept: Any) -> tuple[Array, Array, State]:
        (d_h,), h = slopes, kept
        d_z = d_h * ((1 - h) * (1 + h) if self.activation == "tanh" else h > 0)
        return d_z, d_z, (np.zeros_like(d_h),)
