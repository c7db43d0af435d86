"""Where two paths of parameters part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.optimisers.track import Array, Track

#: What rounding makes of a change, in units of the type's: 1 − β₂ᵗ, and a mean of numbers that alternate, lose digits.
ROUNDINGS = 2048.0

#: What hyperparameters that were fitted may be off by, relative to themselves.
FITTED = 1e-9


@dataclass(frozen=True, slots=True)
class Parting:
    """The first step at which two rules change an entry differently.

    Attributes
    ----------
    step : int
        From 1.
    entry : int
        In a row; the one whose changes differ by most, relative to themselves.
    change, expected : float
        Of this entry in this step.
    """

    step: int
    entry: int
    change: float
    expected: float


def tolerances(expected: Array, track: Track, fitted: bool = False) -> Array:
    """How far apart two changes of an entry may be by rounding: one row a step.

    A share of the largest change so far, for averages of numbers that cancel keep the rounding of the largest; and the
    rounding of the parameter that is changed.
    """
    unit = float(np.finfo(track.dtype).eps)
    changes = np.abs(np.diff(expected, axis=0))
    largest = np.maximum.accumulate(np.where(np.isfinite(changes), changes, 0.0), axis=0)
    size = np.maximum.accumulate(np.where(np.isfinite(expected), np.abs(expected), 0.0), axis=0)[1:]
    share = max(ROUNDINGS * unit, FITTED if fitted else 0.0)
    return np.asarray(share * largest + 4 * unit * size + float(np.finfo(track.dtype).tiny))


def gaps(path: Array, expected: Array, track: Track, fitted: bool = False) -> Array:
    """How far the changes are apart, in tolerances: one row a step. Infinite where only one of them is finite."""
    steps = min(len(path), len(expected))
    with np.errstate(all="ignore"):
        mine, theirs = np.diff(path[:steps], axis=0), np.diff(expected[:steps], axis=0)
        ratio = np.abs(mine - theirs) / tolerances(expected[:steps], track, fitted)
    return np.where(np.isfinite(mine) != np.isfinite(theirs), np.inf, np.where(np.isfinite(mine), ratio, 0.0))


def parting(path: Array, expected: Array, track: Track, fitted: bool = False) -> Parting | None:
    """Where a path leaves another for the first time; None if it does not."""
    apart = gaps(path, expected, track, fitted) > 1.0
    if not apart.any():
        return None
    step = int(apart.any(axis=1).argmax())
    with np.errstate(all="ignore"):
        mine, theirs = path[step + 1] - path[step], expected[step + 1] - expected[step]
        by = np.abs(mine - theirs) / np.maximum(np.abs(mine), np.abs(theirs))
    entry = int(np.where(apart[step], np.nan_to_num(by, nan=np.inf, posinf=np.inf), -1.0).argmax())
    return Parting(step + 1, entry, float(mine[entry]), float(theirs[entry]))


def worst(path: Array, expected: Array, track: Track) -> float:
    """Largest gap between changes, less the rounding of the parameter, relative to the largest change of the entry."""
    with np.errstate(all="ignore"):
        mine, theirs = np.diff(path, axis=0), np.diff(expected, axis=0)
        rounding = 4 * float(np.finfo(track.dtype).eps) * np.abs(expected).max(axis=0)
        gap: NDArray[np.float64] = np.maximum(np.abs(mine - theirs) - rounding, 0.0).max(axis=0)
        relative = gap / np.abs(theirs).max(axis=0)
    return float(np.nan_to_num(relative, nan=0.0).max(initial=0.0))
