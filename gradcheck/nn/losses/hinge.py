"""Hinge loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._signs import check_signs
from gradcheck.nn.losses.loss import Loss, product


class Hinge(Loss):
    """ℓ = max(0, 1 − y p) for each number, with targets y of −1 or 1.

    Notes
    -----
    ∂ℓ/∂p = −y where y p < 1, and 0 elsewhere, including the kink y p = 1. From C. Cortes and V. Vapnik, Machine
    Learning 20 (1995).

    Examples
    --------
    >>> loss = Hinge("none")
    >>> loss([0.5, 2.0, 0.5], [1, 1, -1])
    array([0.5, 0. , 1.5])
    >>> loss.backward()
    array([-1.,  0.,  1.])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        prediction, target = self._same_shape(prediction, target)
        check_signs(self, target)
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = np.maximum(0, 1 - target * prediction)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, np.where(target * prediction < 1, -target, 0))
