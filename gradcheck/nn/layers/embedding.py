"""Table of vectors, looked up by index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import normal
from gradcheck.nn.layer import RNG, Array, Layer, check_sizes


class Embedding(Layer):
    """y = W[k]: row k of a table, for each index k in the input.

    Parameters
    ----------
    vocabulary : int
        Number of rows of the table; indices go from 0 to vocabulary − 1.
    features : int
        Length of a row.
    scale : float
        Standard deviation of the initial table.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    Row k of ∂L/∂W is the sum of the upstream gradients at all positions with index k, and 0 for indices that do not
    occur. There is no derivative with respect to an index: `backward` returns zeros of the shape of the indices.

    Indices may be floating-point numbers with whole values.

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
        check_sizes("Embedding", vocabulary=vocabulary, features=features)
        self.vocabulary, self.features, self.scale = vocabulary, features, float(scale)
        self.params["W"] = normal((vocabulary, features), vocabulary, features, scale=self.scale, rng=rng, dtype=dtype)

    @property
    def takes_indices(self) -> bool:
        """Always true."""
        return True

    def forward(self, x: Any) -> Array:
        """Rows, of shape (samples, ..., features) for indices of shape (samples, ...)."""
        indices = self._indices(x)
        y: Array = self.params["W"][indices]
        self._keep(indices, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Set the gradient of the table; return zeros of shape (samples, ...)."""
        indices, y = self._kept(upstream)
        self.grads["W"] = np.zeros_like(self.params["W"], dtype=y.dtype)
        np.add.at(self.grads["W"], indices, upstream)
        return np.zeros(indices.shape, y.dtype)

    def _indices(self, x: Any) -> Array:
        """Copy of the indices as whole numbers; `ValueError` with the first one that is invalid."""
        array = np.asarray(x)
        self._input(array, "...")
        wrong = ~((array >= 0) & (array < self.vocabulary) & (np.floor(array) == array))
        if wrong.any():
            raise ValueError(
                f"{self!r}: takes indices that are whole numbers from 0 to {self.vocabulary - 1}, got {array[wrong][0]}"
            )
        return array.astype(np.intp)
