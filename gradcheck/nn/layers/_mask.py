"""Validation of masks that select steps of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array, Layer


def step_mask(layer: Layer, mask: Any, shape: tuple[int, ...]) -> Array | None:
    """Copy of a boolean mask of shape (samples, time); `ValueError` for other types and shapes. None stays None."""
    if mask is None:
        return None
    array = np.array(mask)
    if array.dtype != bool or array.shape != shape:
        raise ValueError(
            f"{layer!r}: takes a boolean mask of shape (samples, time) = {shape}, "
            f"got {array.dtype} of shape {array.shape}"
        )
    return array
