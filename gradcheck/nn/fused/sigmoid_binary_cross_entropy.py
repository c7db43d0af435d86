"""Sigmoid and binary cross-entropy as one function: the derivation of dL/dz = (p − y)/n, and when it holds.

For one number, with p = σ(z) and ℓ = −y log p − (1 − y) log(1 − p):

    ∂ℓ/∂p = −y/p + (1 − y)/(1 − p) = (p − y) / (p (1 − p))
    ∂p/∂z = p (1 − p)
    ∂ℓ/∂z = (p − y) / (p (1 − p)) · p (1 − p) = p − y

The derivative of the sigmoid cancels the denominator, which is 0 in floating point where p is 0 or 1. The mean over all
n numbers of the batch, samples times outputs, adds the factor 1/n.

The formula assumes that

* p is the sigmoid of z itself. For p = σ(z/T) the gradient is (p − y)/(nT); for another activation it is different.
* The loss has no weights (a weight would multiply its p − y), no clipping of p (where p is clipped, the gradient is 0)
  and no ε inside the logarithms.
* The mean is over all numbers. For a sum over the outputs and a mean over the samples, n is the number of samples.
* The loss depends on z only through this term. Any other use of p adds its own ∂L/∂p · p (1 − p).

Labels must be between 0 and 1 for ℓ to be a cross-entropy; the algebra above holds for any y.

p − y is already the gradient with respect to z. Passing it through the backward pass of the sigmoid multiplies it by p
(1 − p) again. That factor is at most 1/4, and nearly 0 where the network is confident and wrong. Training is slow, but
the signs are right and the loss still falls, so the mistake often goes unnoticed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array
from gradcheck.nn.losses.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits


def sigmoid_binary_cross_entropy(logits: Any, labels: Any) -> tuple[float, Array]:
    """Mean binary cross-entropy of σ(z), and its gradient (σ(z) − y)/n with respect to z.

    Parameters
    ----------
    logits : array_like
        The z, of any shape.
    labels : array_like
        The y, between 0 and 1, of the same shape.

    Returns
    -------
    value : float
    gradient : ndarray
        Of the shape of the logits.

    Raises
    ------
    ValueError
        If the shapes differ or a label is out of range.

    Examples
    --------
    >>> value, gradient = sigmoid_binary_cross_entropy([[0.0], [1000.0]], [[1], [0]])
    >>> round(value, 4)
    500.3466
    >>> gradient
    array([[-0.25],
           [ 0.5 ]])
    """
    value = BinaryCrossEntropyWithLogits().forward(logits, labels)
    z = np.asarray(logits).astype(value.dtype)
    gradient: Array = (logistic(z) - np.asarray(labels, dtype=z.dtype)) / z.size
    return float(value), gradient
