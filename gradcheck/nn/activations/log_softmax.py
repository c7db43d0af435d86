"""Logarithm of softmax."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.activations.softmax import checked_axis, shifted
from gradcheck.nn.layer import Array, Layer


class LogSoftmax(Layer):
    """a_i = z_i − log Σ_j exp z_j along one axis; finite also where softmax is 0 in floating point.

    Parameters
    ----------
    axis : int

    Notes
    -----
    ∂a_i/∂z_j = δ_ij − p_j with p_j = exp a_j. With the upstream gradient U: ∂L/∂z_j = U_j − p_j Σ_i U_i.

    Examples
    --------
    >>> layer = LogSoftmax()
    >>> layer.forward([[1000.0, 0.0]])
    array([[    0., -1000.]])
    >>> layer.backward([[0.0, 1.0]])
    array([[-1.,  1.]])
    """

    def __init__(self, *, axis: int = -1) -> None:
        super().__init__()
        self.axis = checked_axis("LogSoftmax", axis)

    def forward(self, x: Array) -> Array:
        """Logarithms of probabilities, of the same shape."""
        below = shifted(self, self._input(x, "..."), self.axis)
        a: Array = below - np.log(np.exp(below).sum(axis=self.axis, keepdims=True))
        self._keep(a)
        return a.copy()

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape, which sums to 0 along the axis."""
        (a,) = self._kept(upstream)
        upstream = np.asarray(upstream)
        downstream: Array = upstream - np.exp(a) * upstream.sum(axis=self.axis, keepdims=True)
        return downstream
