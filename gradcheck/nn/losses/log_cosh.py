"""Logarithm of the hyperbolic cosine of the error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, product


class LogCosh(Loss):
    """ℓ = log cosh r for each number, with r = p − y and ∂ℓ/∂p = tanh r.

    Notes
    -----
    The loss is about r²/2 for small r and |r| − log 2 for large r. The plain formula overflows for large r and loses
    precision for small r. It is computed as |r| + log(1 + e⁻²|ʳ|) − log 2 where |r| > 1, and as log(1 + sinh² r)/2
    elsewhere.

    Examples
    --------
    >>> loss = LogCosh("none")
    >>> loss([1000.0, 1e-3], [0.0, 0.0]).round(10)
    array([9.99306853e+02, 5.00000000e-07])
    >>> loss.backward().round(4)
    array([1.   , 0.001])
    """

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        return self._same_shape(prediction, target)

    def _elements(self, prediction: Array, target: Array) -> Array:
        size: Array = np.abs(prediction - target)
        near = np.log1p(np.sinh(np.minimum(size, 1)) ** 2) / 2
        far = size + np.log1p(np.exp(-2 * size)) - math.log(2)
        elements: Array = np.where(size > 1, far, near)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return product(factor, np.tanh(prediction - target))
