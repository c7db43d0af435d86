"""Numerical derivative of an elementwise function, at all entries of an array at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Steps are 2⁻ᵏ times max(|x|, 1), for these k: from 3% of it down to where round-off dominates.
STEP_EXPONENTS = range(5, 24)


def elementwise_derivative(function: Callable[[Array], Array], at: Array) -> Array:
    """Differentiate an elementwise function numerically.

    Central differences at halved steps are extrapolated twice (Richardson), to sixth order. Each entry takes the pair
    of successive steps whose results differ least: kinks and round-off limit the step of each entry differently.

    Parameters
    ----------
    function : callable
        Maps an array to one of the same shape, entry by entry.
    at : ndarray

    Returns
    -------
    ndarray
        f′(x) for each entry x of `at`.

    Examples
    --------
    >>> elementwise_derivative(np.square, np.array([1.0, 3.0])).round(9)
    array([2., 6.])
    """
    at = np.asarray(at, dtype=np.float64)
    size = np.maximum(np.abs(at), 1.0)
    differences = []
    for k in STEP_EXPONENTS:
        step = np.ldexp(size, -k)
        above, below = at + step, at - step
        differences.append((function(above) - function(below)) / (above - below))
    fourth_order = [(4 * fine - coarse) / 3 for coarse, fine in itertools.pairwise(differences)]
    sixth_order = np.array([(16 * fine - coarse) / 15 for coarse, fine in itertools.pairwise(fourth_order)])
    change = np.abs(np.diff(sixth_order, axis=0))
    best = np.where(np.isfinite(change), change, np.inf).argmin(axis=0)
    chosen: Array = np.take_along_axis(sixth_order, best[None] + 1, axis=0)[0]
    return chosen
