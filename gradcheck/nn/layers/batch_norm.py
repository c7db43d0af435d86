"""Batch normalisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layer import Array, Layer, check_sizes
from gradcheck.nn.layers._normalisation import check_epsilon, normalise, normalise_backward


class BatchNorm(Layer):
    """y = gamma · v + beta with v = (x − μ)/√(σ² + epsilon), separately for each feature.

    In training, μ is the mean and σ² the variance (divided by n, not n − 1) of the n numbers of the feature in the
    batch. Otherwise they are `running_mean` and `running_var` (S. Ioffe and C. Szegedy, ICML 2015). x and y have the
    shape (samples, features) or (samples, features, ...), gamma and beta (features,).

    Parameters
    ----------
    features : int
    momentum : float
        Weight of the current batch in the running averages, from 0 to 1.
    epsilon : float
    dtype : dtype

    Attributes
    ----------
    running_mean, running_var : ndarray of shape (features,)
        Each forward pass in training updates them, starting from 0 and 1: r ← (1 − momentum) · r + momentum · s, where
        s is the mean, or the variance divided by n − 1. They are not parameters: in training, no output or gradient
        depends on them.

    Notes
    -----
    With the upstream gradient U, H = gamma · U, and means over all axes except that of the features: in training
    ∂L/∂x = (H − mean of H − v · mean of H v)/√(σ² + epsilon), since μ and σ depend on x. Otherwise
    ∂L/∂x = H/√(σ² + epsilon). ∂L/∂gamma is the sum of U v, and ∂L/∂beta that of U, over the same axes.

    Examples
    --------
    >>> layer = BatchNorm(1)
    >>> layer.forward([[1.0], [3.0]]).round(3)
    array([[-1.],
           [ 1.]])
    >>> layer.running_mean, layer.running_var
    (array([0.2]), array([1.1]))
    >>> layer.training = False
    >>> layer.forward([[0.2]])
    array([[0.]])
    """

    def __init__(
        self, features: int, *, momentum: float = 0.1, epsilon: float = 1e-5, dtype: DTypeLike = np.float64
    ) -> None:
        super().__init__()
        check_sizes("BatchNorm", features=features)
        check_epsilon("BatchNorm", epsilon)
        if not 0 <= momentum <= 1:
            raise ValueError(f"BatchNorm: momentum must be a number from 0 to 1, got {momentum!r}")
        self.features, self.momentum, self.epsilon = features, momentum, epsilon
        self.params["gamma"] = np.ones(features, dtype)
        self.params["beta"] = np.zeros(features, dtype)
        self.running_mean: Array = np.zeros(features, dtype)
        self.running_var: Array = np.ones(features, dtype)

    def forward(self, x: Array) -> Array:
        """Output of the same shape."""
        x = self._input(x, self.features, "...")
        values, slope = self._by_batch(x) if self.training else self._by_running(x)
        y = self._along(self.params["gamma"], x) * values + self._along(self.params["beta"], x)
        self._keep(self.training, values, slope, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape."""
        trained, values, slope, y = self._kept(upstream)
        upstream = np.asarray(upstream)
        self.grads["gamma"] = (upstream * values).sum(axis=_others(y))
        self.grads["beta"] = upstream.sum(axis=_others(y))
        scaled = upstream * self._along(self.params["gamma"], y)
        downstream: Array = normalise_backward(scaled, values, slope, _others(y)) if trained else scaled * slope
        return downstream

    def _by_batch(self, x: Array) -> tuple[Array, Array]:
        """Normalise with the statistics of the batch, and update the running ones. Returns values and slope."""
        count = x.size // self.features
        if count == 1:
            raise ValueError(
                f"{self!r}: an input of shape {x.shape} has one number for each feature, but the variance in training "
                "needs two; pass a larger batch or set training to False"
            )
        values, slope, mean, deviation = normalise(x, _others(x), self.epsilon)
        with np.errstate(over="ignore"):
            variance = deviation**2 * (count / (count - 1))
            self.running_mean = self._updated(self.running_mean, mean)
            self.running_var = self._updated(self.running_var, variance)
        return values, slope

    def _by_running(self, x: Array) -> tuple[Array, Array]:
        """Normalise with the running mean and variance. Returns values and slope."""
        dtype = self.params["gamma"].dtype
        mean, variance = (self._along(s.astype(dtype), x) for s in (self.running_mean, self.running_var))
        slope = 1 / np.sqrt(variance + self.epsilon)
        return (x - mean) * slope, slope

    def _updated(self, running: Array, batch: Array) -> Array:
        """Running average after a batch; clipped to the largest finite number."""
        largest = np.finfo(running.dtype).max
        updated: Array = (1 - self.momentum) * running + self.momentum * batch.ravel()
        return updated.clip(-largest, largest).astype(running.dtype)

    @staticmethod
    def _along(parameter: Array, x: Array) -> Array:
        """Reshape one number for each feature to broadcast with x."""
        return parameter.reshape(-1, *(1,) * (x.ndim - 2))


def _others(x: Array) -> tuple[int, ...]:
    """All axes except that of the features."""
    return 0, *range(2, x.ndim)
