"""NumPy's own functions in the place of ones that a package has put there, and that round what these give.

Some packages replace functions of NumPy, as `numpy.dot`, by functions that compute the same and convert the result to
float32. A loss that is computed with them is a staircase, whose slope no difference can tell.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

#: NumPy's functions as they were before any program ran.
_OWN = {name: value for name, value in vars(np).items() if callable(value) and not isinstance(value, type)}

#: Arguments on which two functions are compared: two matrices, one, a shape, and a length.
_ROWS = np.linspace(-1.0, 1.0, 9).reshape(3, 3)
_ARGUMENTS: tuple[tuple[Any, ...], ...] = ((_ROWS, np.cos(_ROWS)), (_ROWS,), ((2, 3),), (3,))

#: Roundings of the narrow type by which one value of theirs may differ, relative to the largest.
_ROUNDINGS = 4


def narrowed() -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any]]]:
    """The functions of NumPy that are replaced by others which only round: their name, the other, and NumPy's own."""
    for name, own in _OWN.items():
        other = getattr(np, name, own)
        if other is not own and isinstance(other, types.FunctionType) and _only_rounds(other, own):
            yield name, other, own


def _only_rounds(other: Callable[..., Any], own: Callable[..., Any]) -> bool:
    """Whether a function gives what another one does, in a narrower type, where both can be called."""
    compared = 0
    for arguments in _ARGUMENTS:
        try:
            wide = np.asarray(own(*arguments))
        except Exception:  # not a function of such arguments
            continue
        try:
            narrow = np.asarray(other(*arguments))
        except Exception:
            return False
        if narrow.shape != wide.shape or narrow.dtype.kind != "f" or narrow.dtype.itemsize >= wide.dtype.itemsize:
            return False
        off = _ROUNDINGS * float(np.finfo(narrow.dtype).eps) * float(np.abs(wide).max(initial=0.0))
        if not float(np.abs(narrow - wide).max(initial=0.0)) <= off:
            return False
        compared += 1
    return compared > 0
