"""Cross-entropy of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._classes import check_class_axis, class_probabilities
from gradcheck.nn.losses.loss import Loss, Reduction, product


class CrossEntropyWithLogits(Loss):
    """ℓ = −Σ_k y_k log p_k for each sample, with p = softmax z; finite where p is 0 in floating point.

    Predictions are logits z of shape (samples, classes, ...). Targets are class indices of shape (samples, ...), or
    probabilities y (one-hot or soft) of the shape of the predictions, which sum to 1.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        The s between 0 and 1 in y ← (1 − s) y + s/classes (C. Szegedy et al., CVPR 2016).

    Notes
    -----
    ∂ℓ/∂z = p Σ_k y_k − y, which is p − y. With the largest logit z_m, log p is computed as z − z_m − log(1 + Σ_k≠m
    exp(z_k − z_m)), and where y is nearly 1, p − 1 is computed as expm1(log p). Both are precise for small losses and
    gradients.

    Examples
    --------
    >>> loss = CrossEntropyWithLogits("sum")
    >>> logits = [[1000.0, 0.0, 0.0], [0.0, 0.0, -1000.0]]
    >>> round(float(loss(logits, [1, 0])), 4)
    1000.6931
    >>> loss.backward()
    array([[ 1. , -1. ,  0. ],
           [-0.5,  0.5,  0. ]])
    """

    def __init__(self, reduction: Reduction = "mean", *, label_smoothing: float = 0.0) -> None:
        super().__init__(reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"CrossEntropyWithLogits: label_smoothing must be between 0 and 1, got {label_smoothing!r}"
            )
        self.label_smoothing = float(label_smoothing)

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        check_class_axis(self, prediction)
        probabilities = class_probabilities(self, prediction, target)
        smooth = self.label_smoothing
        if smooth:
            probabilities = (1 - smooth) * probabilities + smooth / prediction.shape[1]
        return log_softmax(prediction), probabilities

    def _elements(self, logarithms: Array, target: Array) -> Array:
        elements: Array = -product(target, logarithms).sum(axis=1)
        return elements

    def _slopes(self, logarithms: Array, target: Array, factor: Array) -> Array:
        total = target.sum(axis=1, keepdims=True)
        near_one = total * np.expm1(logarithms) + (total - target)
        slopes = np.where(target > 0.5, near_one, total * np.exp(logarithms) - target)
        return product(np.expand_dims(factor, 1), slopes)


def log_softmax(z: Array) -> Array:
    """Logarithm of softmax over axis 1, precise even where it is nearly 0."""
    below = z - z.max(axis=1, keepdims=True)
    largest = below == 0
    others = np.exp(below)
    others[largest] = 0
    ties = largest.sum(axis=1, keepdims=True, dtype=z.dtype) - 1
    logarithms: Array = below - np.log1p(others.sum(axis=1, keepdims=True) + ties)
    return logarithms
