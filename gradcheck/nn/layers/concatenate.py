"""Branches over the same input, with concatenated outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.layers.container import Container, inside, layers_of
from gradcheck.nn.layers.sequential import Sequential


class Concatenate(Container):
    """Outputs of several branches over the same input, concatenated along an axis.

    Parameters
    ----------
    branches : sequence of Layer or of lists of them
        A list of layers becomes a `Sequential`.
    axis : int
        Axis of the concatenation, by default that of the channels; not that of the samples.

    Notes
    -----
    Each branch gets its part of the upstream gradient, and ∂L/∂x is the sum of the gradients that they return.

    Examples
    --------
    >>> from gradcheck.nn import Dense, Tanh
    >>> layer = Concatenate([[Dense(3, 4, rng=0), Tanh()], Dense(3, 2, rng=1)])
    >>> layer.forward([[1.0, 2.0, 3.0]]).shape
    (1, 6)
    >>> list(layer.params)
    ['branches.0.layers.0.W', 'branches.0.layers.0.b', 'branches.1.W', 'branches.1.b']
    """

    def __init__(self, branches: Sequence[Layer | Iterable[Layer]], axis: int = 1) -> None:
        if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool) or axis == 0:
            raise ValueError(
                f"Concatenate: axis must be a whole number other than 0, the axis of the samples; got {axis!r}"
            )
        joined = (Sequential(*branch) if isinstance(branch, (list, tuple)) else branch for branch in branches)
        self.branches = layers_of("Concatenate", joined)
        self.axis = axis
        super().__init__()

    def children(self) -> dict[str, Layer]:
        """The branches as ``branches.0``, ``branches.1``, …"""
        return {f"branches.{position}": branch for position, branch in enumerate(self.branches)}

    def forward(self, x: Array) -> Array:
        """Concatenated outputs of the branches."""
        outputs = []
        for name, branch in self.children().items():
            with inside(name):
                outputs.append(branch.forward(x))
        shapes = [output.shape for output in outputs]
        axes = len(shapes[0])
        axis = self.axis + axes if self.axis < 0 else self.axis
        if not (0 < axis < axes) or len({shape[:axis] + shape[axis + 1 :] for shape in shapes}) > 1:
            raise ValueError(
                f"{self!r}: the outputs of the branches must have the same shape except along axis {self.axis}, "
                f"got {', '.join(map(str, shapes))}"
            )
        y = np.concatenate(outputs, axis)
        ends = np.cumsum([shape[axis] for shape in shapes])
        self._keep(axis, ends[:-1], y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Sum of the gradients of the branches."""
        axis, cuts, _ = self._kept(upstream)
        parts = np.split(np.asarray(upstream), cuts, axis)
        downstream = []
        for (name, branch), part in zip(self.children().items(), parts, strict=True):
            with inside(name):
                downstream.append(branch.backward(part))
        total: Array = np.sum(downstream, axis=0)
        return total
