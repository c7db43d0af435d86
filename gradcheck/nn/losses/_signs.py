"""Validation of targets that are −1 or 1."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss


def check_signs(loss: Loss, target: Array) -> None:
    """Raise `ValueError` for targets other than −1 and 1."""
    wrong = target[np.abs(target) != 1]
    if wrong.size:
        raise ValueError(f"{loss!r}: takes targets that are -1 or 1, got {wrong[0]}")
