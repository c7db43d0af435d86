"""Is a function smooth around a point? Judged by fourth differences of its values along random diagonals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.testing.cases import Array


@dataclass(frozen=True)
class SmoothnessSettings:
    """How a function is sampled, and what counts as smooth.

    Attributes
    ----------
    directions : int
        Random diagonals along which it is sampled.
    steps : int
        Steps on each side of the point.
    reach : float
        Sampled distance as a multiple of the margin. A kink in the last step would not show, so it is more than one.
    least_decrease : float
        Factor by which fourth differences must shrink when the step is halved. It is 16 for a smooth function, 4 where
        the curvature jumps, and 2 at a kink.
    rounding_units : float
        Fourth differences below so many machine epsilons of the largest value are rounding error.
    """

    directions: int = 6
    steps: int = 8
    reach: float = 1.25
    least_decrease: float = 8.0
    rounding_units: float = 256.0


SMOOTHNESS = SmoothnessSettings()


def smooth(
    function: Callable[[Array], float],
    point: Array,
    *,
    margin: float,
    rng: np.random.Generator,
    settings: SmoothnessSettings = SMOOTHNESS,
) -> bool:
    """Whether no kink, jump or edge of the domain is found within a distance of a point.

    Parameters
    ----------
    function : callable
        Takes an array and returns a number.
    point : ndarray
    margin : float
        How far every entry is moved, to both sides, along each random diagonal.
    rng : Generator
    settings : SmoothnessSettings, optional

    Returns
    -------
    bool
    """
    along = np.linspace(-1.0, 1.0, 2 * settings.steps + 1)
    for _ in range(settings.directions):
        direction = settings.reach * margin * rng.choice([-1.0, 1.0], point.shape)
        with np.errstate(all="ignore"):
            try:
                values = np.array([float(function(point + t * direction)) for t in along])
            except (ArithmeticError, ValueError):  # the point lies near the edge of the domain
                return False
        if not (np.isfinite(values).all() and _differences_shrink(values, settings)):
            return False
    return True


def _differences_shrink(values: Array, settings: SmoothnessSettings) -> bool:
    """Whether fourth differences are rounding error, or shrink with the step as those of a smooth function do."""
    fine, coarse = (float(np.abs(np.diff(values[::stride], 4)).max()) for stride in (1, 2))
    floor = settings.rounding_units * np.finfo(np.float64).eps * float(np.abs(values).max())
    return bool(fine <= floor or fine * settings.least_decrease <= coarse)
