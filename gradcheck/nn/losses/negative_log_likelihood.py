"""Negative logarithm of the probability of the observed class."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._classes import check_class_axis, check_log_probabilities, class_indices
from gradcheck.nn.losses.loss import Loss


class NegativeLogLikelihood(Loss):
    """ℓ = −a_y for each sample, from logarithms a of the probabilities of the classes, such as `LogSoftmax` returns.

    Predictions have the shape (samples, classes, ...), targets are class indices y of shape (samples, ...).

    Notes
    -----
    ∂ℓ/∂a_k is −1 for k = y and 0 for the other classes.

    Examples
    --------
    >>> loss = NegativeLogLikelihood()
    >>> loss([[-0.5, -1.0], [-0.25, -1.5]], [0, 1])
    array(1.)
    >>> loss.backward()
    array([[-0.5,  0. ],
           [ 0. , -0.5]])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        check_class_axis(self, prediction)
        check_log_probabilities(self, prediction)
        return prediction, class_indices(self, prediction, target)

    def _elements(self, prediction: Array, target: Array) -> Array:
        elements: Array = -np.take_along_axis(prediction, target, axis=1).squeeze(axis=1)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        slopes = np.zeros_like(prediction)
        np.put_along_axis(slopes, target, -np.expand_dims(factor, 1), axis=1)
        return slopes
