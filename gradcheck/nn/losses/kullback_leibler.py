"""Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses._classes import refuse_no_classes, refuse_no_logarithms, refuse_no_shares
from gradcheck.nn.losses.loss import Loss, product


class KullbackLeibler(Loss):
    """ℓ = Σ_k y_k (log y_k − a_k) for each sample, from logarithms a of the probabilities of the classes.

    Predictions have the shape (samples, classes, ...), and so have the targets y, which sum to 1 over the classes.

    Notes
    -----
    ∂ℓ/∂a_k = −y_k. A class with y_k = 0 adds nothing. An element is a sample (at one position, if there are further
    axes), as the divergence belongs to a whole distribution: for predictions of shape (samples, classes) the mean is
    what PyTorch's ``KLDivLoss`` calls "batchmean", while its "mean" is smaller by the number of classes. From
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
        refuse_no_classes(self, prediction)
        refuse_no_logarithms(self, prediction)
        prediction, target = self._same_shape(prediction, target)
        refuse_no_shares(self, target, "targets")
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        logarithms = np.log(np.where(target > 0, target, 1))
        elements: Array = product(target, logarithms - prediction).sum(axis=1)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return -np.expand_dims(factor, 1) * target
