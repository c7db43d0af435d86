"""Margin between the distances of an anchor to a positive and to a negative sample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._norm import norms
from gradcheck.nn.losses.loss import Loss, Reduction, product


class Triplet(Loss):
    """ℓ = max(0, d(a, p) − d(a, n) + margin) for each triplet, with d(u, v) = ‖u − v + ε‖.

    Predictions have the shape (samples, 3, features): an anchor a, a positive sample p and a negative one n. There are
    no targets: pass None; any other value is ignored.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    margin : float
    eps : float
        The ε that is added to every component of a difference, as in ``TripletMarginLoss`` of PyTorch. It makes the
        distance of equal vectors differentiable.

    Notes
    -----
    With unit vectors u = (a − p + ε)/d(a, p) and v = (a − n + ε)/d(a, n): ∂ℓ/∂a = u − v, ∂ℓ/∂p = −u and ∂ℓ/∂n = v where
    ℓ > 0, and 0 elsewhere, including the kink. From V. Balntas et al., BMVC 2016.

    Examples
    --------
    >>> loss = Triplet(margin=1.0)
    >>> triplets = [[[0.0, 0.0], [3.0, 4.0], [0.0, 2.0]]]
    >>> round(float(loss(triplets, None)), 4)
    4.0
    >>> loss.backward().round(4)
    array([[[-0.6,  0.2],
            [ 0.6,  0.8],
            [ 0. , -1. ]]])
    """

    def __init__(self, reduction: Reduction = "mean", *, margin: float = 1.0, eps: float = 1e-6) -> None:
        super().__init__(reduction)
        for name, value in (("margin", margin), ("eps", eps)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"Triplet: {name} must be a positive number, got {value!r}")
        self.margin, self.eps = float(margin), float(eps)

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        if prediction.ndim != 3 or prediction.shape[1] != 3:
            raise ValueError(f"{self!r}: takes predictions of shape (samples, 3, features), got {prediction.shape}")
        return prediction, np.empty(0, prediction.dtype)

    def _elements(self, prediction: Array, target: Array) -> Array:
        distance = norms(self._differences(prediction))[..., 0]
        elements: Array = np.maximum(0, distance[:, 0] - distance[:, 1] + self.margin)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        difference = self._differences(prediction)
        distance = norms(difference)
        u, v = np.moveaxis(difference / np.where(distance > 0, distance, 1), 1, 0)
        active = np.where(self._elements(prediction, target) > 0, factor, 0)
        return product(active[:, None, None], np.stack([u - v, -u, v], axis=1))

    def _differences(self, prediction: Array) -> Array:
        """Anchor minus positive, and anchor minus negative, of shape (samples, 2, features)."""
        limit = np.finfo(prediction.dtype).max
        return np.clip(prediction[:, :1] - prediction[:, 1:] + self.eps, -limit, limit)
