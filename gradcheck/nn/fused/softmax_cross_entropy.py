"""Softmax and cross-entropy in one: where dL/dz = (p − y)/n comes from, and when it holds.

For one sample, with p = softmax z and ℓ = −Σ_k y_k log p_k:

    ∂ℓ/∂p_k = −y_k/p_k
    ∂p_k/∂z_j = p_k (δ_kj − p_j)
    ∂ℓ/∂z_j = −Σ_k y_k (δ_kj − p_j) = p_j Σ_k y_k − y_j = p_j − y_j, as Σ_k y_k = 1

No division is left, where p_k may be 0 in floating point. The mean over the n samples puts the factor 1/n before it.

It takes for granted that

* the labels of each sample sum to 1: otherwise the first term is p_j Σ_k y_k, as for a sample of several classes, which
  wants a sigmoid for each (`gradcheck.nn.fused.sigmoid_binary_cross_entropy`);
* p is a softmax of z itself: of z/T it is (p − y)/(nT);
* the loss is this one, without weights of classes or samples, and with p as it is, not clipped nor with an ε inside the
  logarithm; smoothed labels are all right, with y the smoothed ones;
* the mean is over the samples, not over samples times classes;
* z gets its gradient through this loss alone: what else is made of p adds its own term.

As p − y is the gradient by z already, it must not pass through the softmax's backward pass again. That would multiply
it by the matrix diag p − p pᵀ, nearly 0 where the network is sure of a wrong answer; the loss still falls, if slowly,
so it is a mistake that goes unnoticed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.activations.softmax import Softmax
from gradcheck.nn.layer import Array
from gradcheck.nn.losses.cross_entropy_with_logits import CrossEntropyWithLogits


def softmax_cross_entropy(logits: Any, labels: Any) -> tuple[float, Array]:
    """Mean cross-entropy of softmax z, and its gradient (softmax z − y)/n by z.

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
        If shapes differ, or labels are negative or do not sum to 1 within rounding, as the gradient would be wrong.

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
            "softmax_cross_entropy: takes labels that sum to 1 over the classes, as p - y is no gradient otherwise; "
            f"got a sum of {wrong[0]}"
        )
    gradient: Array = (Softmax().forward(z) - y) / len(z)
    return float(value), gradient
