"""Euclidean norms that neither overflow nor underflow."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array


def norms(x: Array) -> Array:
    """Euclidean norms along the last axis, which is kept with size 1; the largest finite number where they overflow."""
    largest = np.abs(x).max(axis=-1, keepdims=True)
    scale = np.where(largest > 0, largest, 1)
    lengths = scale * np.sqrt(((x / scale) ** 2).sum(axis=-1, keepdims=True))
    limited: Array = np.minimum(lengths, np.finfo(x.dtype).max)
    return limited
