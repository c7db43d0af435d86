"""Softmax."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer


def checked_axis(layer: str, axis: int) -> int:
    """Refuse an axis that is no whole number."""
    if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool):
        raise ValueError(f"{layer}: axis must be a whole number, got {axis!r}")
    return int(axis)


def shifted(layer: Layer, z: Array, axis: int) -> Array:
    """Numbers less the largest one along the axis, after a look at the axis; none is positive, so e to them is finite.

    A difference may be larger than any number; then −∞ stands for it.
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
    ∂a_i/∂z_j = a_i(δ_ij − a_j), so with the upstream gradient U: ∂L/∂z_j = a_j(U_j − Σ_i U_i a_i).

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
        """Shares of the same shape, which sum to 1 along the axis."""
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
