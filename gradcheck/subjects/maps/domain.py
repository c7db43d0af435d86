"""Bounds of parameters: no point outside is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.maps.outputs import plain_list
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.real_parts import as_complex, as_real
from gradcheck.subjects.selection import Wrt, chosen_names
from gradcheck.subjects.subject import Point

#: A point on a bound is moved inside by this part of its typical size, or of the distance between the bounds.
INSIDE = 2.0**-4

ON_BOUND = "x0 lies on a bound in {count} of {size} entries: the check was made at a point a little inside"


def bounded(x0: Any, bounds: Any, wrt: Wrt) -> tuple[Any, Callable[[Point], bool] | None, tuple[str, ...]]:
    """The point to check at, whether a point lies within the bounds, and notes.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the bounds cannot be read, or x0 is outside of them.
    """
    if bounds is None:
        return x0, None, ()
    x0 = plain_list(x0)
    leaves, structure = flatten(x0, "x")
    chosen = set(chosen_names(structure.names, wrt))
    arrays = [as_real(np.asarray(leaf)) for leaf in leaves]
    low, high = _limits(bounds, sum(array.size for array in arrays))
    parts, lows, highs, start, moved = [], [], [], 0, 0
    for name, leaf, array in zip(structure.names, leaves, arrays, strict=True):
        part = slice(start, start + array.size)
        start += array.size
        a, b = low[part].reshape(array.shape), high[part].reshape(array.shape)
        if name in chosen and array.dtype.kind == "f":
            inside, count = _inside(array, a, b, name)
            moved += count
            parts.append(as_complex(inside) if np.iscomplexobj(leaf) else inside)
            lows.append(a)
            highs.append(b)
        else:
            parts.append(leaf)

    def within(point: Point) -> bool:
        return all(bool(((x >= a) & (x <= b)).all()) for x, a, b in zip(point, lows, highs, strict=True))

    if not moved:
        return x0, within, ()
    point = parts[0] if structure.bare else structure.unflatten(parts)
    return point, within, (ON_BOUND.format(count=moved, size=low.size),)


def _inside(
    x: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], name: str
) -> tuple[NDArray[Any], int]:
    """The point, moved inside where it lies on a bound; and in how many entries it does."""
    if ((x < low) | (x > high)).any():
        raise SubjectError(f"x0 lies outside of bounds in {name}: pass a point within them")
    if not (low < high).all():
        raise SubjectError(f"bounds leave no room in {name}: fix such parameters with wrt= instead")
    with np.errstate(over="ignore", invalid="ignore"):  # of bounds that are infinite, and of sums that are not chosen
        margin = INSIDE * np.minimum(np.maximum(np.abs(x), 1.0), high - low)
        at_low, at_high = x - low < 1e-3 * margin, high - x < 1e-3 * margin
        moved = np.where(at_low, x + margin, np.where(at_high, x - margin, x)).astype(x.dtype)
    return moved, int((at_low | at_high).sum())


def _limits(bounds: Any, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        try:
            low, high = (np.broadcast_to(np.asarray(each, dtype=float), (size,)) for each in (bounds.lb, bounds.ub))
        except (TypeError, ValueError):
            raise SubjectError(
                f"bounds.lb and bounds.ub have shapes {np.shape(bounds.lb)} and {np.shape(bounds.ub)} for {size} "
                "parameters: pass one number for each, or one for all"
            ) from None
        return low, high
    try:
        pairs = [tuple(pair) for pair in bounds]
    except TypeError:
        raise SubjectTypeError(
            f"bounds is a {type(bounds).__qualname__}: pass one pair (low, high) for each parameter, or a Bounds object"
        ) from None
    if len(pairs) != size or any(len(pair) != 2 for pair in pairs):
        raise SubjectError(f"bounds has {len(pairs)} entries for {size} parameters: pass one pair (low, high) for each")
    try:
        low = np.array([-np.inf if pair[0] is None else pair[0] for pair in pairs], dtype=float)
        high = np.array([np.inf if pair[1] is None else pair[1] for pair in pairs], dtype=float)
    except (TypeError, ValueError):
        raise SubjectTypeError("bounds has an entry that is no number: pass pairs of numbers, or None") from None
    return low, high
