"""Tells masked arrays, without loading `numpy.ma`: where nobody has loaded it, there are none."""

from __future__ import annotations

import sys
from typing import Any, TypeGuard

import numpy as np


def is_masked_array(value: Any) -> TypeGuard[np.ma.MaskedArray[Any, Any]]:
    """Whether a value is a masked array, whatever its mask."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def is_masked(value: Any) -> bool:
    """Whether a value is a masked array with an entry that is masked."""
    return is_masked_array(value) and bool(np.ma.is_masked(value))
