"""Softmax and cross-entropy as one function: the derivation of dL/dz = (p − y)/n, and when it holds.

For one sample, with p = softmax z and ℓ = −Σ_k y_k log p_k:

    ∂ℓ/∂p_k = −y_k/p_k
    ∂p_k/∂z_j = p_k (δ_kj − p_j)
    ∂ℓ/∂z_j = −Σ_k y_k (δ_kj − p_j) = p_j Σ_k y_k − y_j = p_j − y_j, since Σ_k y_k = 1

The division by p_k, which may be 0 in floating point, has cancelled. The mean over the n samples adds the factor 1/n.

The formula assumes that

* The labels of each sample sum to 1. Otherwise the first term is p_j Σ_k y_k. A sample that belongs to several classes
  needs one sigmoid for each class (`gradcheck.nn.fused.sigmoid_binary_cross_entropy`).
* p is the softmax of z itself. For p = softmax(z/T) the gradient is (p − y)/(nT).
* The loss has no weights of classes or samples, no clipping of p and no ε inside the logarithm. Label smoothing is
  allowed: y are the smoothed labels.
* The mean is over the samples, not over samples times classes.
* The loss depends on z only through this term. Any other use of p adds its own term.

p − y is already the gradient with respect to z. Passing it through the backward pass of the softmax multiplies it by
the matrix diag p − p pᵀ, which is nearly 0 where the network is confident and wrong. The loss still falls, only slowly,
so the mistake often goes unnoticed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.activations.softmax import Softmax
from gradcheck.nn.layer import Array
from gradcheck.nn.losses.cross_entropy_with_logits import CrossEntropyWithLogits


def softmax_cross_entropy(logits: Any, labels: Any) -> tuple[float, Array]:
    """Mean cross-entropy of softmax z, and its gradient (softmax z − y)/n with respect to z.

    Parameters
    ----------
    logits : array_like of shape (samples, classes)
        The z.
    labels : array_like of shape (samples, classes)
        The y, one-hot or soft.

    Returns
    -------
    value : float
    gradient : ndarray of shape (samples, classes)

    Raises
    ------
    ValueError
        If the shapes differ, or labels are negative or do not sum to 1 within rounding error: the gradient would be
        wrong.

    Examples
    --------
    >>> value, gradient = softmax_cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [[1, 0], [0, 1]])
    >>> round(value, 4)
    500.3466
    >>> gradient
    array([[-0.25,  0.25],
           [ 0.5 , -0.5 ]])
    """
    if np.ndim(logits) != 2 or np.shape(labels) != np.shape(logits):
        raise ValueError(
            "softmax_cross_entropy: takes logits and labels of the same shape (samples, classes), "
            f"got {np.shape(logits)} and {np.shape(labels)}"
        )
    value = CrossEntropyWithLogits().forward(logits, labels)
    z = np.asarray(logits).astype(value.dtype)
    y = np.asarray(labels, dtype=z.dtype)
    totals = y.sum(axis=1)
    wrong = totals[np.abs(totals - 1) > z.shape[1] * np.finfo(z.dtype).eps]
    if wrong.size:
        raise ValueError(
            "softmax_cross_entropy: takes labels that sum to 1 over the classes, otherwise p - y is not the gradient; "
            f"got a sum of {wrong[0]}"
        )
    gradient: Array = (Softmax().forward(z) - y) / len(z)
    return float(value), gradient
