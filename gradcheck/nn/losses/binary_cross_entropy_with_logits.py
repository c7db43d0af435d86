"""Cross-entropy of the logit of one of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.activations.sigmoid import logistic
from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, product


class BinaryCrossEntropyWithLogits(Loss):
    """ℓ = y log(1 + e⁻ᶻ) + (1 − y) log(1 + eᶻ) for each number, from a logit z and a target y in [0, 1].

    This is −y log p − (1 − y) log(1 − p) with p = σ(z), but finite where p is 0 or 1 in floating point.

    Notes
    -----
    ∂ℓ/∂z = σ(z) − y, computed as (1 − y) σ(z) − y σ(−z), which does not cancel where p is nearly y.

    Examples
    --------
    >>> loss = BinaryCrossEntropyWithLogits()
    >>> loss([1000.0, -1000.0], [0, 0])
    array(500.)
    >>> loss.backward()
    array([0.5, 0. ])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        prediction, target = self._same_shape(prediction, target)
        wrong = target[(target < 0) | (target > 1)]
        if wrong.size:
            raise ValueError(f"{self!r}: takes targets between 0 and 1, got {wrong[0]}")
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        one, other = np.logaddexp(0, -prediction), np.logaddexp(0, prediction)
        return product(target, one) + product(1 - target, other)

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, (1 - target) * logistic(prediction) - target * logistic(-prediction))
