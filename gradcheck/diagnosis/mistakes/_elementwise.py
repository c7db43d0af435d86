"""The derivative of a function that acts on every number alone, measured at all of them at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Steps are 2^-k times the size of the numbers, or of 1.
STEPS = range(5, 24)


def slopes(function: Callable[[Array], Array], at: Array) -> Array:
    """Derivative at each number.

    Central differences with halved steps, each taken to sixth order by two Richardson extrapolations; for each number
    that pair of neighbouring steps is taken whose results differ least, for kinks and rounding lie elsewhere for each.
    """
    at = np.asarray(at, dtype=np.float64)
    size = np.maximum(np.abs(at), 1.0)
    raw = []
    for k in STEPS:
        step = np.ldexp(size, -k)
        above, below = at + step, at - step
        raw.append((function(above) - function(below)) / (above - below))
    second = [(4 * b - a) / 3 for a, b in itertools.pairwise(raw)]
    third = [(16 * b - a) / 15 for a, b in itertools.pairwise(second)]
    stacked = np.array(third)
    rough = np.abs(np.diff(stacked, axis=0))
    best = np.where(np.isfinite(rough), rough, np.inf).argmin(axis=0)
    found: Array = np.take_along_axis(stacked, best[None] + 1, axis=0)[0]
    return found
