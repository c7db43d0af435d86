"""One minus the cosine of the angle between two vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._norm import norms
from gradcheck.nn.losses.loss import Loss, Reduction, product


class CosineDistance(Loss):
    """ℓ = 1 − p·y / (max(‖p‖, ε) max(‖y‖, ε)) for each sample, with p and y of shape (samples, features).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    eps : float
        The ε that replaces smaller norms. A vector of zeros has distance 1 from all others.

    Notes
    -----
    With p̂ = p/‖p‖, ŷ = y/‖y‖ and c = p̂·ŷ: ∂ℓ/∂p = (c p̂ − ŷ)/‖p‖. Where ‖p‖ ≤ ε the loss is linear in p, with
    ∂ℓ/∂p = −ŷ/ε. Values agree with ``cosine_similarity`` of PyTorch everywhere, gradients where ‖p‖ > ε. For shorter p
    the gradient of PyTorch contains the term c p̂, and is not the derivative of the value.

    Examples
    --------
    >>> loss = CosineDistance("none")
    >>> loss([[0.0, 2.0], [3.0, 0.0]], [[1.0, 0.0], [5.0, 0.0]])
    array([1., 0.])
    >>> loss.backward()
    array([[-0.5,  0. ],
           [ 0. ,  0. ]])
    """

    def __init__(self, reduction: Reduction = "mean", *, eps: float = 1e-8) -> None:
        super().__init__(reduction)
        if not (math.isfinite(eps) and eps > 0):
            raise ValueError(f"CosineDistance: eps must be a positive number, got {eps!r}")
        self.eps = float(eps)

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        if prediction.ndim != 2:
            raise ValueError(f"{self!r}: takes predictions of shape (samples, features), got {prediction.shape}")
        return self._same_shape(prediction, target)

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = 1 - (self._units(prediction)[0] * self._units(target)[0]).sum(axis=1)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        (mine, length), (theirs, _) = self._units(prediction), self._units(target)
        cosine = (mine * theirs).sum(axis=1, keepdims=True)
        radial = np.where(length > self.eps, cosine * mine, 0)
        slopes = (radial - theirs) / np.maximum(length, self.eps)
        return product(factor[:, None], slopes)

    def _units(self, vectors: Array) -> tuple[Array, Array]:
        """Vectors divided by their norms, or by ε if that is larger, and the norms."""
        length = norms(vectors)
        return vectors / np.maximum(length, self.eps), length
