"""Layer normalisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layers._normalisation import TrailingNormalisation


class LayerNorm(TrailingNormalisation):
    """y = gamma · v + beta with v = (x − μ)/√(σ² + epsilon), over the last axes of each sample.

    μ is the mean and σ² the variance, divided by n, not n − 1 (J. L. Ba et al., Layer Normalization, 2016). x and y
    have the shape (samples, ..., *features), gamma and beta have the shape `features`. The layer computes the same in
    training and evaluation mode.

    Parameters
    ----------
    features : int or tuple of int
        Size of the last axis, or sizes of the last axes.
    epsilon : float
    dtype : dtype

    Notes
    -----
    With the upstream gradient U, H = gamma · U, and means over the same axes:
    ∂L/∂x = (H − mean of H − v · mean of H v)/√(σ² + epsilon). ∂L/∂gamma is the sum of U v, and ∂L/∂beta that of U, over
    all other axes.

    Examples
    --------
    >>> layer = LayerNorm(2)
    >>> layer.forward([[1.0, 3.0], [5.0, 5.0]]).round(3)
    array([[-1.,  1.],
           [ 0.,  0.]])
    >>> layer.backward([[1.0, 1.0], [1.0, 2.0]]).round(1)
    array([[   0. ,    0. ],
           [-158.1,  158.1]])
    """

    centre = True

    def __init__(
        self, features: int | tuple[int, ...], *, epsilon: float = 1e-5, dtype: DTypeLike = np.float64
    ) -> None:
        super().__init__(features, epsilon=epsilon, dtype=dtype)
