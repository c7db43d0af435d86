"""Gated recurrent unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array
from gradcheck.nn.layers._recurrent import Recurrent, State


class GRU(Recurrent):
    """Recurrent layer with an update gate and a reset gate (K. Cho et al., EMNLP 2014).

    With (a_r, a_z, a_n) the three parts of x_t Wx + b and (p_r, p_z, p_n) those of h_{t−1} Wh + bh, in this order, and
    h = 0 initially: r = σ(a_r + p_r), z = σ(a_z + p_z), n = tanh(a_n + r p_n) and h_t = (1 − z) n + z h_{t−1}. The gate
    r multiplies the product including its bias, as in PyTorch; in the paper it multiplies the state before the product.

    Parameters
    ----------
    features, units : int
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
    Backward in time, with δh = ∂L/∂h_t and δn, δz, δr for the gradients with respect to the arguments of tanh and σ:
    δn = δh (1 − z)(1 − n²), δz = δh (h_{t−1} − n) z(1 − z) and δr = δn p_n r(1 − r). The gradient with respect to the
    parts a is (δr, δz, δn), and with respect to the parts p it is P = (δr, δz, r δn). The step before gets
    δh z + P Whᵀ.

    Examples
    --------
    >>> layer = GRU(2, 3, rng=0)
    >>> layer.forward([[[1.0, 2.0], [0.0, 1.0]]]).shape
    (1, 2, 3)
    >>> {name: value.shape for name, value in layer.params.items()}
    {'Wx': (2, 9), 'Wh': (3, 9), 'b': (9,), 'bh': (9,)}
    """

    gates = 3
    second_bias = True

    def _step(self, inward: Array, product: Array, state: State) -> tuple[State, Any]:
        a_r, a_z, a_n = np.split(inward, 3, axis=1)
        p_r, p_z, p_n = np.split(product, 3, axis=1)
        r, z = logistic(a_r + p_r), logistic(a_z + p_z)
        n = np.tanh(a_n + r * p_n)
        return ((1 - z) * n + z * state[0],), (r, z, n, p_n)

    def _step_back(self, slopes: State, state: State, kept: Any) -> tuple[Array, Array, State]:
        r, z, n, p_n = kept
        (d_h,), (h,) = slopes, state
        d_n = d_h * (1 - z) * (1 - n) * (1 + n)
        d_z = d_h * (h - n) * z * (1 - z)
        d_r = d_n * p_n * r * (1 - r)
        return np.concatenate([d_r, d_z, d_n], axis=1), np.concatenate([d_r, d_z, r * d_n], axis=1), (d_h * z,)
