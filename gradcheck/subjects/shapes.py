"""Gives an array its shape back, in place: NumPy 2.5 and later warn of it, for there is no other way."""

from __future__ import annotations

import warnings
from typing import Any

from numpy.typing import NDArray


def set_shape(array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Change the shape of an array that others hold as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        array.shape = shape
