"""Squared hinge loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._signs import check_signs
from gradcheck.nn.losses.loss import Loss, product


class SquaredHinge(Loss):
    """ℓ = max(0, 1 − y p)² for each number, with targets y of −1 or 1, and ∂ℓ/∂p = −2y max(0, 1 − y p).

    Examples
    --------
    >>> loss = SquaredHinge("none")
    >>> loss([0.5, 2.0, 0.5], [1, 1, -1])
    array([0.25, 0.  , 2.25])
    >>> loss.backward()
    array([-1., -0.,  3.])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        prediction, target = self._same_shape(prediction, target)
        check_signs(self, target)
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = np.maximum(0, 1 - target * prediction) ** 2
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, -2 * target * np.maximum(0, 1 - target * prediction))
