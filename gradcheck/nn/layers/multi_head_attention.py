"""Self-attention with several heads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale, normal
from gradcheck.nn.layer import RNG, Array, Layer, check_sizes
from gradcheck.nn.layers._mask import step_mask


class MultiHeadAttention(Layer):
    """Scaled dot-product self-attention with several heads (A. Vaswani et al., NIPS 2017).

    Q = x Wq + bq, K = x Wk + bk and V = x Wv + bv are each split into `heads` blocks of d = features/heads columns. A
    head is A V, where A = softmax(Q Kᵀ/√d) along its rows. The output is y = (concatenated heads) Wo + bo.

    Parameters
    ----------
    features, heads : int
        `features` must be a multiple of `heads`.
    causal : bool
        Whether later steps get weight 0.
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation itself. Biases start at 0.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    With the gradient H with respect to A V: ∂L/∂V = AᵀH and ∂L/∂A = H Vᵀ. With the scores S = Q Kᵀ/√d:
    ∂L/∂S = A (∂L/∂A − row sums of A ∂L/∂A), entry by entry, ∂L/∂Q = ∂L/∂S K/√d and ∂L/∂K = ∂L/∂Sᵀ Q/√d.

    bk adds the same number to a whole row of scores, which does not change its softmax. The gradient of bk is therefore
    0, and the computed one is rounding error. If all steps are masked for a step, all its weights are 0.

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
        check_sizes("MultiHeadAttention", features=features, heads=heads)
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
        """Output of the attention.

        Parameters
        ----------
        x : ndarray of shape (samples, time, features)
            Finite also where the mask is False: other steps give those steps no weight, but they have an output too.
        mask : ndarray of bool of shape (samples, time), optional
            True for the steps that may get weight.

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
        """Set the gradients of W and b with this name; `slope` is the gradient with respect to x W + b."""
        columns = slope.reshape(-1, self.features)
        self.grads[f"W{name}"] = x.reshape(-1, self.features).T @ columns
        self.grads[f"b{name}"] = columns.sum(axis=0)

    def _split(self, x: Array) -> Array:
        """Reshape (samples, time, features) to (samples, heads, time, features/heads)."""
        heads: Array = x.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2)
        return heads

    def _allowed(self, time: int, mask: Array | None) -> Array:
        """Whether each step (second to last axis) may give weight to each step (last axis)."""
        allowed = np.ones((1, 1, time, time), bool)
        if self.causal:
            allowed = np.tril(allowed)
        return allowed if mask is None else allowed & mask[:, None, None, :]


def _join(heads: Array) -> Array:
    """Reshape (samples, heads, time, size) to (samples, time, heads · size)."""
    return heads.swapaxes(1, 2).reshape(heads.shape[0], heads.shape[2], -1)


def _softmax(scores: Array, allowed: Array) -> Array:
    """Softmax along the last axis over the allowed entries; all 0 if none is allowed."""
    scores = np.where(allowed, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    weights: Array = e / np.where(total > 0, total, 1)
    return weights
