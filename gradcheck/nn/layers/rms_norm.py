"""Normalisation by the root of the mean square."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layers._normalisation import TrailingNormalisation


class RMSNorm(TrailingNormalisation):
    """y = gamma · v with v = x/√(mean of x² + epsilon), over the last axes of each sample.

    x and y have the shape (samples, ..., *features), gamma has the shape `features` (B. Zhang and R. Sennrich, Root
    Mean Square Layer Normalization, NeurIPS 2019).

    Parameters
    ----------
    features : int or tuple of int
        Size of the last axis, or sizes of the last axes.
    epsilon : float
    dtype : dtype

    Notes
    -----
    With the upstream gradient U, H = gamma · U, and means over the same axes:
    ∂L/∂x = (H − v · mean of H v)/√(mean of x² + epsilon). ∂L/∂gamma is the sum of U v over all other axes.

    Examples
    --------
    >>> layer = RMSNorm(2)
    >>> layer.forward([[1.0, 7.0]]).round(3)
    array([[0.2, 1.4]])
    >>> layer.backward([[1.0, 0.0]]).round(3)
    array([[ 0.196, -0.028]])
    """

    centre = False

    def __init__(
        self, features: int | tuple[int, ...], *, epsilon: float = 1e-6, dtype: DTypeLike = np.float64
    ) -> None:
        super().__init__(features, epsilon=epsilon, dtype=dtype)
