"""Squared error near 0, absolute error far from 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, Reduction, product


class Huber(Loss):
    """ℓ = r²/2 where |r| ≤ δ and δ(|r| − δ/2) beyond, for each number, with r = p − y.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    delta : float
        The δ, where the quadratic part ends.

    Notes
    -----
    With r clipped to [−δ, δ] as c, both branches are ℓ = c(r − c/2), and ∂ℓ/∂p = c. From P. J. Huber, Annals of
    Mathematical Statistics 35 (1964).

    Examples
    --------
    >>> loss = Huber("none", delta=1.0)
    >>> loss([0.5, -3.0], [0.0, 0.0])
    array([0.125, 2.5  ])
    >>> loss.backward()
    array([ 0.5, -1. ])
    """

    def __init__(self, reduction: Reduction = "mean", *, delta: float = 1.0) -> None:
        super().__init__(reduction)
        if not (math.isfinite(delta) and delta > 0):
            raise ValueError(f"Huber: delta must be a positive number, got {delta!r}")
        self.delta = float(delta)

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        return self._same_shape(prediction, target)

    def _elements(self, prediction: Array, target: Array) -> Array:
        residual = prediction - target
        clipped = self._clipped(residual)
        elements: Array = clipped * (residual - clipped / 2)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, self._clipped(prediction - target))

    def _clipped(self, residual: Array) -> Array:
        return np.clip(residual, -self.delta, self.delta)
