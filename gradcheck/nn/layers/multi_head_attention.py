"""Self-attention with several heads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale, normal
from gradcheck.nn.layer import RNG, Array, Layer, positive
from gradcheck.nn.layers._mask import step_mask


class MultiHeadAttention(Layer):
    """Each step of a sequence takes a mean of all steps, weighted by how well they fit (A. Vaswani et al., NIPS 2017).

    With Q = x Wq + bq, K = x Wk + bk and V = x Wv + bv, each cut into `heads` blocks of d = features/heads columns, a
    head is A V, where A = softmax(Q Kᵀ/√d) along its rows; y = (the heads side by side) Wo + bo.

    Parameters
    ----------
    features, heads : int
        The first a multiple of the second.
    causal : bool
        Give no weight to later steps.
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation; biases start at 0.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    With H for the gradient by A V: ∂L/∂V = AᵀH, ∂L/∂A = H Vᵀ; for the scores S = Q Kᵀ/√d that is
    ∂L/∂S = A (∂L/∂A − row sums of A ∂L/∂A), entry by entry, and ∂L/∂Q = ∂L/∂S K/√d, ∂L/∂K = ∂L/∂Sᵀ Q/√d.

    bk adds the same number to a whole row of scores, which softmax takes no notice of: its gradient is 0, and what is
    computed is rounding error. A step that may look at none gives every step the weight 0.

    Examples
    --------
    >>> layer = MultiHeadAttention(4, 2, causal=True, rng=0)
    >>> x = np.ones((1, 3, 4))
    >>> layer.forward(x).shape
    (1, 3, 4)
    >>> layer.backward(x).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        features: int,
        heads: int,
        *,
        causal: bool = False,
        scale: Scale = "glorot",
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        positive("MultiHeadAttention", features=features, heads=heads)
        if features % heads:
            raise ValueError(f"MultiHeadAttention: features must be a multiple of heads = {heads}, got {features}")
        self.features, self.heads, self.causal, self.scale = features, heads, causal, scale
        rng = np.random.default_rng(rng)
        square = features, features
        for name in ("Wq", "Wk", "Wv", "Wo"):
            self.params[name] = normal(square, features, features, scale=scale, rng=rng, dtype=dtype)
        for name in ("bq", "bk", "bv", "bo"):
            self.params[name] = np.zeros(features, dtype)

    def forward(self, x: Array, mask: Any = None) -> Array:
        """Weighted means, combined.

        Parameters
        ----------
        x : ndarray of shape (samples, time, features)
            Finite even where the mask is False: those steps are not looked at, but they look at others.
        mask : ndarray of bool of shape (samples, time), optional
            True for the steps that may be looked at.

        Returns
        -------
        ndarray of shape (samples, time, features)
        """
        x = self._input(x, "time", self.features)
        mask = step_mask(self, mask, x.shape[:2])
        q, k, v = (self._split(x @ self.params[f"W{name}"] + self.params[f"b{name}"]) for name in "qkv")
        scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3])
        weights = _softmax(scores, self._allowed(x.shape[1], mask))
        joined = _join(weights @ v)
        y = joined @ self.params["Wo"] + self.params["bo"]
        self._keep(x, q, k, v, weights, joined, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of shape (samples, time, features)."""
        x, q, k, v, weights, joined, _ = self._kept(upstream)
        upstream = np.asarray(upstream)
        self._set("o", joined, upstream)
        d_heads = self._split(upstream @ self.params["Wo"].T)
        d_weights = d_heads @ v.swapaxes(2, 3)
        row_sums = (weights * d_weights).sum(axis=3, keepdims=True)
        d_scores = weights * (d_weights - row_sums) / math.sqrt(q.shape[3])
        slopes = {
            "q": d_scores @ k,
            "k": d_scores.swapaxes(2, 3) @ q,
            "v": weights.swapaxes(2, 3) @ d_heads,
        }
        downstream: Array = np.zeros_like(x)
        for name, slope in slopes.items():
            joined_slope = _join(slope)
            self._set(name, x, joined_slope)
            downstream += joined_slope @ self.params[f"W{name}"].T
        return downstream

    def _set(self, name: str, x: Array, slope: Array) -> None:
        """Set the gradients of the W and the b by the name, of x W + b with the gradient `slope`."""
        columns = slope.reshape(-1, self.features)
        self.grads[f"W{name}"] = x.reshape(-1, self.features).T @ columns
        self.grads[f"b{name}"] = columns.sum(axis=0)

    def _split(self, x: Array) -> Array:
        """From (samples, time, features) to (samples, heads, time, features/heads)."""
        heads: Array = x.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2)
        return heads

    def _allowed(self, time: int, mask: Array | None) -> Array:
        """Which steps (last axis) each step (the axis before it) may look at."""
        allowed = np.ones((1, 1, time, time), bool)
        if self.causal:
            allowed = np.tril(allowed)
        return allowed if mask is None else allowed & mask[:, None, None, :]


def _join(heads: Array) -> Array:
    """From (samples, heads, time, size) to (samples, time, heads · size)."""
    return heads.swapaxes(1, 2).reshape(heads.shape[0], heads.shape[2], -1)


def _softmax(scores: Array, allowed: Array) -> Array:
    """Shares along the last axis of what is allowed; all 0 where nothing is."""
    scores = np.where(allowed, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    shares: Array = e / np.where(total > 0, total, 1)
    return shares
