"""Hyperparameters that nobody has given, from the changes that a rule makes.

Least squares on all changes of the first steps, each relative to the largest of its entry, from the best point of a
coarse grid. Steps are proportional to the rate, so that it needs no grid: each point of the grid says what it would be.
Numbers that lie close to a short decimal are taken to be it if it fits as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from gradcheck.rules.comparing import gaps
from gradcheck.rules.formula import Numbers
from gradcheck.rules.track import Array, Track

#: Where the search for each starts.
STARTS: dict[str, tuple[float, ...]] = {
    "rate": (0.01,),
    "momentum": (0.9, 0.5, 0.99),
    "decay": (0.9, 0.99, 0.5, 0.999),
    "beta1": (0.9, 0.5, 0.99),
    "beta2": (0.999, 0.9, 0.99),
    "eps": (1e-8, 1e-10, 1e-6, 1e-4, 1e-2),
    "weight_decay": (0.01, 0.0001, 1.0),
    "shrink": (0.5,),
    "grow": (1.2,),
    "smallest": (1e-6,),
    "largest": (50.0,),
    "weight": (0.1, 0.9, 0.001),
}

#: Those between 0 and 1; the others are positive.
SHARES = frozenset({"momentum", "decay", "beta1", "beta2", "shrink"})

#: Steps that are fitted: signs have changed by then. Bounds of resilient propagation take all.
FEW = 10

#: Evaluations of the residuals along the way, those for its slopes aside. What fits is met in about ten.
TRIES = 30

#: Numbers of so many digits are taken to be what was meant, if they meet the path.
DIGITS = (1, 2, 3, 4, 6)

Path = Callable[[Numbers, Track, int | None], Array]


def fit(path: Path, measured: Array, track: Track, given: Numbers, free: Sequence[str]) -> dict[str, float] | None:
    """All hyperparameters, those of `free` such that the path comes as close to the measured one as it can.

    Returns
    -------
    dict or None
        None where nothing finite comes out.
    """
    if not free:
        return dict(given)
    from scipy.optimize import least_squares

    steps = None if {"smallest", "largest", "shrink", "grow"} & set(free) else FEW
    target = np.diff(measured[: None if steps is None else steps + 1], axis=0)
    size = np.nanmax(np.abs(np.where(np.isfinite(target), target, np.nan)), axis=0, initial=0.0)
    scale = size + 1e-3 * np.abs(measured[0]) + np.finfo(track.dtype).tiny

    def residuals(unknown: Array) -> Array:
        numbers = {**given, **_numbers(free, unknown)}
        with np.errstate(all="ignore"):
            gap = (np.diff(path(numbers, track, steps), axis=0) - target) / scale
        return np.asarray(np.clip(np.nan_to_num(gap, nan=1e3, posinf=1e3, neginf=-1e3), -1e3, 1e3)).ravel()

    starts = [_unknown(free, start) for start in _grid(path, target, track, given, free)]
    start = min(starts, key=lambda each: float(np.abs(residuals(each)).sum()))
    found = least_squares(residuals, start, x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=TRIES)
    numbers = {**given, **_numbers(free, found.x)}
    if not all(np.isfinite(value) for value in numbers.values()):
        return None
    return _rounded(path, measured, track, numbers, free)


def _grid(path: Path, target: Array, track: Track, given: Numbers, free: Sequence[str]) -> list[dict[str, float]]:
    """Points of the grid, each with the rate that its first step asks for."""
    points = []
    for values in itertools.product(*(STARTS[name] for name in free)):
        numbers = dict(zip(free, values, strict=True))
        if "rate" in numbers:
            with np.errstate(all="ignore"):
                step = np.diff(path({**given, **numbers}, track, 1), axis=0)[0]
                ratio = target[0] / step
            ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
            numbers["rate"] *= float(np.median(ratio)) if ratio.size else 1.0
        points.append(numbers)
    return points


def _unknown(free: Sequence[str], numbers: Numbers) -> Array:
    """Each number on a scale without bounds: its logarithm, or that of its odds."""
    return np.array(
        [np.log(numbers[name] / (1.0 - numbers[name])) if name in SHARES else np.log(numbers[name]) for name in free]
    )


def _numbers(free: Sequence[str], unknown: Array) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {
            name: float(1.0 / (1.0 + np.exp(-x)) if name in SHARES else np.exp(x))
            for name, x in zip(free, unknown, strict=True)
        }


def _rounded(
    path: Path, measured: Array, track: Track, numbers: dict[str, float], free: Sequence[str]
) -> dict[str, float]:
    """The numbers, all with as few digits as meet the path."""
    for digits in DIGITS:
        short = numbers | {name: float(f"{numbers[name]:.{digits}g}") for name in free}
        if all(0 < short[name] < 1 for name in free if name in SHARES):
            met = float(np.max(gaps(measured, path(short, track, None), track))) <= 1.0
            if met:
                return short
    return numbers
