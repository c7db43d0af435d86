"""Derivative of the output activation for each sample, computed from the sample's loss alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid_derivative(losses: Array) -> Array:
    """Return σ′(z) = p(1 − p) for each sample, from its cross-entropy.

    The cross-entropy of a sample is ℓ = −log p or ℓ = −log(1 − p). In both cases p(1 − p) = e^−ℓ (1 − e^−ℓ).

    Examples
    --------
    >>> sigmoid_derivative(np.array([-np.log(0.8), -np.log(0.2)])).round(6)
    array([0.16, 0.16])
    """
    return np.exp(-losses) * -np.expm1(-losses)


#: Weights of the samples that a wrong factor at the output makes, by what the factor is called.
OUTPUT_DERIVATIVES: dict[str, Callable[[Array], Array]] = {"σ′(z) = p(1 − p)": sigmoid_derivative}
