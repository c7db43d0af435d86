"""Squared error."""

from __future__ import annotations

from typing import Any

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, product


class MeanSquaredError(Loss):
    """ℓ = (p − y)² for each number, with ∂ℓ/∂p = 2(p − y).

    Examples
    --------
    >>> loss = MeanSquaredError()
    >>> float(loss([[1.0], [3.0]], [[0.0], [0.0]]))
    5.0
    >>> loss.backward()
    array([[1.],
           [3.]])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        return self._same_shape(prediction, target)

    def _elements(self, prediction: Array, target: Array) -> Array:
        return (prediction - target) ** 2

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, 2 * (prediction - target))
