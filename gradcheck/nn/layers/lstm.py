"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.initial import Scale
from gradcheck.nn.layer import RNG, Array
from gradcheck.nn.layers._recurrent import Recurrent, State


class LSTM(Recurrent):
    """Recurrent layer with a memory c and input, forget and output gates.

    From S. Hochreiter and J. Schmidhuber, Neural Computation 9 (1997).
    With (z_i, z_f, z_g, z_o) the four parts of x_t Wx + h_{t−1} Wh + b, in this order, and h = c = 0 initially:
    i = σ(z_i), f = σ(z_f), g = tanh z_g, o = σ(z_o), c_t = f c_{t−1} + i g and h_t = o tanh c_t.

    Parameters
    ----------
    features, units : int
    last : bool
        Return only the state h after the last step, of shape (samples, units). Otherwise return those of all steps, of
        shape (samples, time, units).
    reverse : bool
        Process the steps from the last to the first. The output of a step keeps its position.
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation itself. Biases start at 0,
        except those of the forget gate f, which start at 1 to keep the memory initially (R. Jozefowicz et al., ICML
        2015).
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    Backward in time, with δh and δc for ∂L/∂h_t and ∂L/∂c_t from the later steps: first δc ← δc + δh o (1 − tanh² c_t).
    Then δz_i = δc g i(1 − i), δz_f = δc c_{t−1} f(1 − f), δz_g = δc i (1 − g²) and δz_o = δh tanh c_t o(1 − o). The
    step before gets δc f for its c and δz Whᵀ for its h.

    Examples
    --------
    >>> layer = LSTM(2, 3, rng=0)
    >>> layer.forward([[[1.0, 2.0], [0.0, 1.0]]]).shape
    (1, 2, 3)
    >>> {name: value.shape for name, value in layer.params.items()}
    {'Wx': (2, 12), 'Wh': (3, 12), 'b': (12,)}
    """

    gates = 4
    states = 2

    def __init__(
        self,
        features: int,
        units: int,
        *,
        last: bool = False,
        reverse: bool = False,
        scale: Scale = "glorot",
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(features, units, last=last, reverse=reverse, scale=scale, rng=rng, dtype=dtype)
        self.params["b"][units : 2 * units] = 1

    def _step(self, inward: Array, product: Array, state: State) -> tuple[State, Any]:
        z_i, z_f, z_g, z_o = np.split(inward + product, 4, axis=1)
        i, f, g, o = logistic(z_i), logistic(z_f), np.tanh(z_g), logistic(z_o)
        c = f * state[1] + i * g
        read = np.tanh(c)
        return (o * read, c), (i, f, g, o, read)

    def _step_back(self, slopes: State, state: State, kept: Any) -> tuple[Array, Array, State]:
        i, f, g, o, read = kept
        d_h, d_c = slopes
        d_c = d_c + d_h * o * (1 - read) * (1 + read)
        d_i = d_c * g * i * (1 - i)
        d_f = d_c * state[1] * f * (1 - f)
        d_g = d_c * i * (1 - g) * (1 + g)
        d_o = d_h * read * o * (1 - o)
        d_z = np.concatenate([d_i, d_f, d_g, d_o], axis=1)
        return d_z, d_z, (np.zeros_like(d_h), d_c * f)
