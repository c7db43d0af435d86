"""Negative log-likelihood of counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss, Reduction, product


class Poisson(Loss):
    """Negative log-likelihood of counts y that are Poisson distributed, for each number, without the term log y!.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    log_input : bool
        Whether predictions p are logarithms of rates. Then ℓ = exp p − y p, with ∂ℓ/∂p = exp p − y. Otherwise they are
        rates, and ℓ = p − y log(p + ε), with ∂ℓ/∂p = 1 − y/(p + ε).
    eps : float
        The ε that keeps the logarithm finite for a rate of 0.

    Notes
    -----
    The omitted term does not depend on p. Without it, ℓ may be negative. Targets are ≥ 0 and need not be whole numbers.
    If the rate overflows, as exp 1000 does, loss and gradient are infinite.

    Examples
    --------
    >>> loss = Poisson("none")
    >>> loss([0.0, 1.0], [2, 0]).round(4)
    array([1.    , 2.7183])
    >>> loss.backward().round(4)
    array([-1.    ,  2.7183])
    """

    def __init__(self, reduction: Reduction = "mean", *, log_input: bool = True, eps: float = 1e-8) -> None:
        super().__init__(reduction)
        if not (math.isfinite(eps) and eps > 0):
            raise ValueError(f"Poisson: eps must be a positive number, got {eps!r}")
        self.log_input, self.eps = log_input, float(eps)

    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        prediction, target = self._same_shape(prediction, target)
        if (target < 0).any():
            raise ValueError(f"{self!r}: takes targets that are not negative, got {target.min()}")
        if not self.log_input and (prediction < 0).any():
            raise ValueError(f"{self!r}: takes rates that are not negative, got {np.nanmin(prediction)}")
        return prediction, target

    def _elements(self, prediction: Array, target: Array) -> Array:
        if self.log_input:
            largest = np.log(np.finfo(prediction.dtype).max)
            elements: Array = np.exp(prediction) - target * np.minimum(prediction, largest)
        else:
            elements = prediction - target * np.log(prediction + self.eps)
        return elements

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        if self.log_input:
            return product(factor, np.exp(prediction) - target)
        return product(factor, 1 - target / (prediction + self.eps))
