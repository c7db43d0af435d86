"""Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._classes import check_class_axis, check_log_probabilities, check_probabilities
from gradcheck.nn.losses.loss import Loss, product


class KullbackLeibler(Loss):
    """ℓ = Σ_k y_k (log y_k − a_k) for each sample, from logarithms a of the probabilities of the classes.

    Predictions and targets y have the shape (samples, classes, ...); targets sum to 1 over the classes.

    Notes
    -----
    ∂ℓ/∂a_k = −y_k. A class with y_k = 0 adds nothing. An element is a whole distribution: one sample, or one position
    of it if there are further axes. For predictions of shape (samples, classes) the mean is the reduction "batchmean"
    of ``KLDivLoss`` in PyTorch, whose "mean" also divides by the number of classes. From
    S. Kullback and R. A. Leibler, Annals of Mathematical Statistics 22 (1951).

    Examples
    --------
    >>> import numpy as np
    >>> loss = KullbackLeibler()
    >>> round(float(loss(np.log([[0.5, 0.5], [0.25, 0.75]]), [[1.0, 0.0], [0.25, 0.75]])), 4)
    0.3466
    >>> loss.backward()
    array([[-0.5  , -0.   ],
           [-0.125, -0.375]])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        check_class_axis(self, prediction)
        check_log_probabilities(self, prediction)
        prediction, target = self._same_shape(prediction, target)
        check_probabilities(self, target, "targets")
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        logarithms = np.log(np.where(target > 0, target, 1))
        elements: Array = product(target, logarithms - prediction).sum(axis=1)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return -np.expand_dims(factor, 1) * target
