"""Predicates and conversions for the values that a tracer meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Computes the value that a replay uses in place of the one that the program computed.
Action = Callable[[Any], Any]


def is_float(value: Any) -> bool:
    """Whether a value is a float or a non-empty array of floats."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and value.size > 0
    return isinstance(value, (float, np.floating))


def is_integer(value: Any) -> bool:
    """Whether a value is an integer or an array of them."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iu"
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def selects_scattered(key: Any) -> bool:
    """Whether an index uses masks, lists, an ellipsis or a full slice, so that the whole array is recorded instead."""
    keys = key if isinstance(key, tuple) else (key,)
    return any(isinstance(k, (np.ndarray, list)) or k is Ellipsis for k in keys) or any(
        isinstance(k, slice) and k == slice(None) for k in keys[:1] if len(keys) == 1
    )


def selects_slices(key: Any) -> bool:
    """Whether an index consists of slices only."""
    return all(isinstance(k, slice) for k in (key if isinstance(key, tuple) else (key,)))


def apply_action(action: Action, value: Any, *, in_place: bool) -> Any:
    """The value after an action, in its own type; an array that was changed in place stays the same array."""
    new = action(np.asarray(value, dtype=np.float64))
    if isinstance(value, np.ndarray):
        if in_place:
            value[...] = np.asarray(new).reshape(value.shape)
            return value
        made = np.array(new, dtype=value.dtype).reshape(value.shape)
        return made.view(np.matrix) if isinstance(value, np.matrix) else made  # whose operators are others
    return type(value)(np.asarray(new).reshape(()))


def broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of one shape broadcasts to another shape."""
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def reshape_or_broadcast(value: Array, shape: tuple[int, ...]) -> Array:
    """A value in another shape: reshaped if it has as many entries, else broadcast."""
    return value.reshape(shape) if value.size == int(np.prod(shape)) else np.broadcast_to(value, shape)
