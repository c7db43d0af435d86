"""Batches for losses of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Samples, classes, and further axes.
SHAPES = [(4, 3), (1, 1), (1, 5), (5, 2, 3), (2, 4, 3, 2)]


def shares(shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """Random probabilities that sum to 1 over axis 1."""
    e = np.exp(np.random.default_rng(seed).standard_normal(shape))
    probabilities: NDArray[Any] = e / e.sum(axis=1, keepdims=True)
    return probabilities
