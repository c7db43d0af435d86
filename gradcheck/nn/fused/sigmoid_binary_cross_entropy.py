"""Sigmoid and binary cross-entropy in one: where dL/dz = (p − y)/n comes from, and when it holds.

For one number, with p = σ(z) and ℓ = −y log p − (1 − y) log(1 − p):

    ∂ℓ/∂p = −y/p + (1 − y)/(1 − p) = (p − y) / (p (1 − p))
    ∂p/∂z = p (1 − p)
    ∂ℓ/∂z = (p − y) / (p (1 − p)) · p (1 − p) = p − y

The slope of the sigmoid cancels the denominator, which is 0 in floating point where p is 0 or 1. The mean over all n
numbers of the batch, samples times outputs, puts the factor 1/n before it.

It takes for granted that

* p is a sigmoid of z itself: of z/T it is (p − y)/(nT), and after another activation something else;
* the loss is this one, without weights (each would multiply its p − y) and with p as it is, not clipped (where it is,
  the gradient is 0) nor with an ε inside the logarithms;
* the mean is over all numbers: of a sum over the outputs and a mean over the samples alone, n is the number of samples;
* z gets its gradient through this loss alone: what else is made of p adds its own ∂L/∂p · p (1 − p).

Labels are between 0 and 1 for ℓ to be a cross-entropy; the algebra above holds for any y.

As p − y is the gradient by z already, passing it on through the sigmoid's own backward pass multiplies it by p (1 − p)
again. That factor is at most 1/4 and nearly 0 where the network is sure of a wrong answer, so training is slow, but the
signs are right and the loss still falls: it is a mistake that goes unnoticed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array
from gradcheck.nn.losses.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits


def sigmoid_binary_cross_entropy(logits: Any, labels: Any) -> tuple[float, Array]:
    """Mean binary cross-entropy of σ(z), and its gradient (σ(z) − y)/n by z.

    Parameters
    ----------
    logits : array_like
        The z, of any shape.
    labels : array_like
        The y between 0 and 1, of the same shape.

    Returns
    -------
    value : float
    gradient : ndarray
        Of the logits' shape.

    Raises
    ------
    ValueError
        If shapes differ or a label is out of range.

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
