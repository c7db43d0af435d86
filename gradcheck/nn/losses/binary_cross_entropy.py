"""Cross-entropy of the probability of one of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, product


class BinaryCrossEntropy(Loss):
    """ℓ = −y log p − (1 − y) log(1 − p) for each number, from a probability p and a target y, both in [0, 1].

    Raises
    ------
    ValueError
        For wrong shapes and ranges, and where p is 0 and y is not, or p is 1 and y is not: the loss is infinite there
        and has no derivative. Nothing is clamped, because the gradient would not be that of the value.
        `BinaryCrossEntropyWithLogits` stays finite.

    Notes
    -----
    ∂ℓ/∂p = −y/p + (1 − y)/(1 − p). After `Sigmoid` the gradient with respect to its input is p − y: see
    `gradcheck.nn.fused.sigmoid_binary_cross_entropy`.

    Examples
    --------
    >>> loss = BinaryCrossEntropy()
    >>> round(float(loss([0.5, 0.75], [1, 0])), 4)
    1.0397
    >>> loss.backward()
    array([-1.,  2.])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        prediction, target = self._same_shape(prediction, target)
        for what, values in (("probabilities", prediction), ("targets", target)):
            wrong = values[~((values >= 0) & (values <= 1))]
            if wrong.size:
                raise ValueError(f"{self!r}: takes {what} between 0 and 1, got {wrong[0]}")
        impossible = ((prediction == 0) & (target > 0)) | ((prediction == 1) & (target < 1))
        if impossible.any():
            raise ValueError(
                f"{self!r}: a class that occurs has probability 0 (p = {prediction[impossible][0]}, "
                f"y = {target[impossible][0]}), where the loss is infinite; BinaryCrossEntropyWithLogits takes the "
                "input of Sigmoid, and stays finite"
            )
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        one = np.log(np.where(target > 0, prediction, 1))
        other = np.log1p(-np.where(target < 1, prediction, 0))
        elements: Array = -target * one - (1 - target) * other
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        one = target / np.where(target > 0, prediction, 1)
        other = (1 - target) / (1 - np.where(target < 1, prediction, 0))
        return product(factor, other - one)
