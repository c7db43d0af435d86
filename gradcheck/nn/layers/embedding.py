"""Table of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import normal
from gradcheck.nn.layer import RNG, Array, Layer, positive


class Embedding(Layer):
    """y = W[k]: the row of a table that an index k, from 0 on, says.

    Parameters
    ----------
    vocabulary : int
        Rows of the table; indices are smaller.
    features : int
        Length of a row.
    scale : float
        Standard deviation of the initial table.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    ∂L/∂W has in row k the sum of the upstream gradients at all places where the index is k, and 0 for indices that do
    not occur. There is no derivative by an index; `backward` returns zeros of the indices' shape.

    Indices may be floating-point numbers, as long as they are whole.

    Examples
    --------
    >>> layer = Embedding(3, 2, rng=0)
    >>> layer.forward([[0, 2, 2]]).shape
    (1, 3, 2)
    >>> layer.backward([[[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]])
    array([[0., 0., 0.]])
    >>> layer.grads["W"]
    array([[1., 1.],
           [0., 0.],
           [2., 5.]])
    """

    def __init__(
        self,
        vocabulary: int,
        features: int,
        *,
        scale: float = 1.0,
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        positive("Embedding", vocabulary=vocabulary, features=features)
        self.vocabulary, self.features, self.scale = vocabulary, features, float(scale)
        self.params["W"] = normal((vocabulary, features), vocabulary, features, scale=self.scale, rng=rng, dtype=dtype)

    @property
    def takes_indices(self) -> bool:
        """True."""
        return True

    def forward(self, x: Any) -> Array:
        """Rows, of shape (samples, ..., features) for indices of shape (samples, ...)."""
        indices = self._indices(x)
        y: Array = self.params["W"][indices]
        self._keep(indices, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Zeros of shape (samples, ...), after setting the gradient of the table."""
        indices, y = self._kept(upstream)
        self.grads["W"] = np.zeros_like(self.params["W"], dtype=y.dtype)
        np.add.at(self.grads["W"], indices, upstream)
        return np.zeros(indices.shape, y.dtype)

    def _indices(self, x: Any) -> Array:
        """Indices as whole numbers, a copy, or `ValueError` that says which one is none."""
        array = np.asarray(x)
        self._input(array, "...")
        wrong = ~((array >= 0) & (array < self.vocabulary) & (np.floor(array) == array))
        if wrong.any():
            raise ValueError(
                f"{self!r}: takes indices that are whole numbers from 0 to {self.vocabulary - 1}, got {array[wrong][0]}"
            )
        return array.astype(np.intp)
