"""Cross-entropy of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._classes import class_shares, refuse_no_classes, refuse_no_shares
from gradcheck.nn.losses.loss import Loss, product


class CrossEntropy(Loss):
    """ℓ = −Σ_k y_k log p_k for each sample, from probabilities p of the classes.

    Predictions have the shape (samples, classes, ...) and sum to 1 over the classes. Targets are class indices of shape
    (samples, ...), or shares y of the classes (one-hot or soft) of the predictions' shape, which sum to 1 as well.

    Raises
    ------
    ValueError
        Other than for shapes and ranges: where p is 0 and y is not, as the loss is infinite there and has no
        derivative. Nothing is clamped, so that the gradient is that of the value. `CrossEntropyWithLogits` stays
        finite.

    Notes
    -----
    ∂ℓ/∂p_k = −y_k/p_k, each p_k by itself, although they sum to 1. So that a numerical derivative can change one of
    them, sums may be off by 0.02. After `Softmax` this gives p − y by its input: see
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
        refuse_no_classes(self, prediction)
        refuse_no_shares(self, prediction, "probabilities")
        shares = class_shares(self, prediction, target)
        if ((prediction == 0) & (shares > 0)).any():
            raise ValueError(
                f"{self!r}: a class that occurs has probability 0, where the loss is infinite; "
                "CrossEntropyWithLogits takes what Softmax is given, and stays finite"
            )
        return prediction, shares

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = -(target * np.log(np.where(target > 0, prediction, 1))).sum(axis=1)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        slopes = -target / np.where(target > 0, prediction, 1)
        return product(np.expand_dims(factor, 1), slopes)
