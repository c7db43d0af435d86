"""Absolute error."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, product


class MeanAbsoluteError(Loss):
    """ℓ = |p − y| for each number, with ∂ℓ/∂p = sign(p − y), which is 0 at the kink p = y.

    Examples
    --------
    >>> loss = MeanAbsoluteError()
    >>> float(loss([[1.0], [-3.0]], [[0.0], [0.0]]))
    2.0
    >>> loss.backward()
    array([[ 0.5],
           [-0.5]])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        return self._same_shape(prediction, target)

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = np.abs(prediction - target)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, np.sign(prediction - target))
