"""Cross-entropy of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._classes import check_class_axis, check_probabilities, class_probabilities
from gradcheck.nn.losses.loss import Loss, product


class CrossEntropy(Loss):
    """ℓ = −Σ_k y_k log p_k for each sample, from probabilities p of the classes.

    Predictions have the shape (samples, classes, ...) and sum to 1 over the classes. Targets are class indices of shape
    (samples, ...), or probabilities y (one-hot or soft) of the shape of the predictions, which also sum to 1.

    Raises
    ------
    ValueError
        For wrong shapes and ranges, and where p is 0 and y is not: the loss is infinite there and has no derivative.
        Nothing is clamped, because the gradient would not be that of the value. `CrossEntropyWithLogits` stays finite.

    Notes
    -----
    ∂ℓ/∂p_k = −y_k/p_k, where each p_k varies independently, although they sum to 1. Sums may be off by 0.02, which lets
    a numerical derivative change one of them. After `Softmax` the gradient with respect to its input is p − y: see
    `gradcheck.nn.fused.softmax_cross_entropy`.

    Examples
    --------
    >>> loss = CrossEntropy("sum")
    >>> probabilities = [[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]]
    >>> round(float(loss(probabilities, [0, 2])), 4)
    2.0794
    >>> loss.backward()
    array([[-2., -0., -0.],
           [-0., -0., -4.]])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        check_class_axis(self, prediction)
        check_probabilities(self, prediction, "probabilities")
        probabilities = class_probabilities(self, prediction, target)
        if ((prediction == 0) & (probabilities > 0)).any():
            raise ValueError(
                f"{self!r}: a class that occurs has probability 0, where the loss is infinite; "
                "CrossEntropyWithLogits takes the input of Softmax, and stays finite"
            )
        return prediction, probabilities

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = -(target * np.log(np.where(target > 0, prediction, 1))).sum(axis=1)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        slopes = -target / np.where(target > 0, prediction, 1)
        return product(np.expand_dims(factor, 1), slopes)
