"""Softmax."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer


def checked_axis(layer: str, axis: int) -> int:
    """Return the axis, or raise `ValueError` if it is not a whole number."""
    if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool):
        raise ValueError(f"{layer}: axis must be a whole number, got {axis!r}")
    return int(axis)


def shifted(layer: Layer, z: Array, axis: int) -> Array:
    """Return z minus its maximum along the axis, so that exponentials cannot overflow. Checks that z has the axis.

    A difference that overflows becomes −∞.
    """
    if not -z.ndim <= axis < z.ndim:
        raise ValueError(f"{layer!r}: takes an input that has axis {axis}, got shape {z.shape}")
    with np.errstate(over="ignore"):
        below: Array = z - z.max(axis=axis, keepdims=True)
    return below


class Softmax(Layer):
    """a_i = exp z_i / Σ_j exp z_j along one axis.

    Parameters
    ----------
    axis : int

    Notes
    -----
    ∂a_i/∂z_j = a_i(δ_ij − a_j). With the upstream gradient U: ∂L/∂z_j = a_j(U_j − Σ_i U_i a_i).

    Examples
    --------
    >>> layer = Softmax()
    >>> layer.forward([[1000.0, 1000.0]])
    array([[0.5, 0.5]])
    >>> layer.backward([[1.0, 0.0]])
    array([[ 0.25, -0.25]])
    """

    def __init__(self, *, axis: int = -1) -> None:
        super().__init__()
        self.axis = checked_axis("Softmax", axis)

    def forward(self, x: Array) -> Array:
        """Probabilities of the same shape, which sum to 1 along the axis."""
        e = np.exp(shifted(self, self._input(x, "..."), self.axis))
        a: Array = e / e.sum(axis=self.axis, keepdims=True)
        self._keep(a)
        return a.copy()

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape, which sums to 0 along the axis."""
        (a,) = self._kept(upstream)
        mean = (upstream * a).sum(axis=self.axis, keepdims=True)
        downstream: Array = a * (upstream - mean)
        return downstream
