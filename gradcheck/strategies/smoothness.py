"""Is a function smooth around a point, as far as its values along random directions tell?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.testing.cases import Array

#: Directions that are looked along, and steps that the distance is divided into.
DIRECTIONS, STEPS = 6, 8

#: A kink in the last step does not show: so much further is looked.
BEYOND = 1.25

#: Fourth differences shrink sixteenfold with the step where a function is smooth, twofold at a kink, fourfold where its
#: curvature jumps. Below so many roundings of the largest value nothing is seen.
SHRINKS, ROUNDINGS = 8.0, 256.0


def smooth(function: Callable[[Array], float], point: Array, *, margin: float, rng: np.random.Generator) -> bool:
    """Whether no kink, jump or edge lies within a distance of a point.

    Parameters
    ----------
    function : callable
        Takes an array and returns a number.
    point : ndarray
    margin : float
        How far every entry is moved, to both sides, along each of `DIRECTIONS` random diagonals.
    rng : Generator

    Returns
    -------
    bool
    """
    for _ in range(DIRECTIONS):
        direction = BEYOND * margin * rng.choice([-1.0, 1.0], point.shape)
        along = np.linspace(-1.0, 1.0, 2 * STEPS + 1)
        with np.errstate(all="ignore"):
            try:
                values = np.array([float(function(point + t * direction)) for t in along])
            except (ArithmeticError, ValueError):  # the edge of a domain
                return False
        if not (np.isfinite(values).all() and _bends_smoothly(values)):
            return False
    return True


def _bends_smoothly(values: Array) -> bool:
    fine, coarse = (float(np.abs(np.diff(values[::stride], 4)).max()) for stride in (1, 2))
    floor = ROUNDINGS * np.finfo(np.float64).eps * float(np.abs(values).max())
    return bool(fine <= floor or fine * SHRINKS <= coarse)
