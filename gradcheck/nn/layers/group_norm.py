"""Group normalisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layer import Array, Layer, check_sizes
from gradcheck.nn.layers._normalisation import check_epsilon, normalise, normalise_backward


class GroupNorm(Layer):
    """y = gamma · v + beta with v = (x − μ)/√(σ² + epsilon), over groups of the features of each sample.

    Neighbouring features form groups. μ is the mean and σ² the variance (divided by n, not n − 1) of all numbers of a
    group (Y. Wu and K. He, Group Normalization, ECCV 2018). x and y have the shape (samples, features, ...), gamma and
    beta (features,). One group for all features gives layer normalisation over the whole sample, one group for each
    feature gives instance normalisation.

    Parameters
    ----------
    groups, features : int
        `features` must be a multiple of `groups`.
    epsilon : float
    dtype : dtype

    Notes
    -----
    With the upstream gradient U, H = gamma · U, and means over a group:
    ∂L/∂x = (H − mean of H − v · mean of H v)/√(σ² + epsilon). ∂L/∂gamma is the sum of U v, and ∂L/∂beta that of U, over
    all axes except that of the features.

    Examples
    --------
    >>> layer = GroupNorm(2, 4)
    >>> layer.forward([[1.0, 3.0, 10.0, 0.0]]).round(3)
    array([[-1.,  1.,  1., -1.]])
    >>> layer.backward([[1.0, 1.0, 1.0, 1.0]]).round(3)
    array([[0., 0., 0., 0.]])
    """

    def __init__(self, groups: int, features: int, *, epsilon: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        super().__init__()
        check_sizes("GroupNorm", groups=groups, features=features)
        if features % groups:
            raise ValueError(f"GroupNorm: features must be a multiple of groups = {groups}, got {features}")
        check_epsilon("GroupNorm", epsilon)
        self.groups, self.features, self.epsilon = groups, features, epsilon
        self.params["gamma"] = np.ones(features, dtype)
        self.params["beta"] = np.zeros(features, dtype)

    def forward(self, x: Array) -> Array:
        """Output of the same shape."""
        x = self._input(x, self.features, "...")
        normalised = normalise(self._rows(x), (2,), self.epsilon)
        values = normalised.values.reshape(x.shape)
        y = self._along(self.params["gamma"], x) * values + self._along(self.params["beta"], x)
        self._keep(values, normalised.slope, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape."""
        values, slope, y = self._kept(upstream)
        upstream = np.asarray(upstream)
        others = (0, *range(2, y.ndim))
        self.grads["gamma"] = (upstream * values).sum(axis=others)
        self.grads["beta"] = upstream.sum(axis=others)
        scaled = self._rows(upstream * self._along(self.params["gamma"], y))
        return normalise_backward(scaled, self._rows(values), slope, (2,)).reshape(y.shape)

    def _rows(self, x: Array) -> Array:
        """Reshape to (samples, groups, numbers in a group)."""
        return x.reshape(x.shape[0], self.groups, -1)

    @staticmethod
    def _along(parameter: Array, x: Array) -> Array:
        """Reshape one number for each feature to broadcast with x."""
        return parameter.reshape(-1, *(1,) * (x.ndim - 2))
