"""Hyperparameters that nobody has given, from the changes that a rule makes.

Least squares on all changes of the first steps, each relative to the largest of its entry, from the best points of a
coarse grid. Steps are proportional to the rate, so that it needs no grid: each point of the grid says what it would be.
Numbers that lie close to a short decimal are taken to be it if it fits as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradcheck.training.optimisers.comparing import ROUNDINGS, gaps
from gradcheck.training.optimisers.formula import Numbers
from gradcheck.training.optimisers.track import Array, Track

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

#: Points of the grid that are tried, one after the other, until one leads to changes that are met to within `MET`.
BEST, MET = 8, 1e-9

#: Where the logarithms leave a gap of this size, in parts of the largest change of an entry, nothing will be met.
HOPELESS = 0.05

#: Numbers of so many digits are taken to be what was meant, if they meet the path.
DIGITS = (1, 2, 3, 4, 6)

Path = Callable[[Numbers, Track, int | None], Array]


def fit(
    path: Path, measured: Array, track: Track, given: Numbers, free: Sequence[str], starts: int = BEST
) -> dict[str, float] | None:
    """All hyperparameters, those of `free` such that the path comes as close to the measured one as it can.

    Parameters
    ----------
    path : callable
        The rule.
    measured : ndarray, shape (steps + 1, entries)
    track : Track
    given : mapping
        Hyperparameters that stay as they are.
    free : sequence of str
    starts : int
        Points of the grid that are tried.

    Returns
    -------
    dict or None
        None where nothing finite comes out.
    """
    if not free:
        return dict(given)
    steps = None if {"smallest", "largest", "shrink", "grow"} & set(free) else FEW
    fitting = _Fitting(path, measured[: None if steps is None else steps + 1], track, given, tuple(free))
    best: dict[str, float] | None = None
    for start in fitting.starts()[:starts]:
        numbers = fitting.solved(start)
        if numbers is None:
            continue
        best = numbers if best is None or fitting.distance(numbers) < fitting.distance(best) else best
        if fitting.distance(best) < MET:
            break
    return None if best is None else _rounded(path, measured, track, best, free)


@dataclass(frozen=True)
class _Fitting:
    """Changes to be met, and what is free to meet them."""

    path: Path
    measured: Array
    track: Track
    given: Numbers
    free: tuple[str, ...]

    @cached_property
    def target(self) -> Array:
        """The changes."""
        return np.diff(self.measured, axis=0)

    @cached_property
    def size(self) -> Array:
        """The largest change of each entry, more where its rounding weighs more: in proportion to `tolerances`."""
        finite = np.abs(np.where(np.isfinite(self.target), self.target, 0.0))
        rounding = 4.0 / ROUNDINGS * np.abs(self.measured[0])
        return np.asarray(finite.max(axis=0) + rounding + np.finfo(self.track.dtype).tiny)

    def changes(self, numbers: Numbers, steps: int | None = None) -> Array:
        """Those that the rule makes with some numbers."""
        steps = len(self.target) if steps is None else steps
        with np.errstate(all="ignore"):
            return np.diff(self.path({**self.given, **numbers}, self.track, steps), axis=0)

    def distance(self, numbers: Numbers) -> float:
        """Largest gap, relative to the largest change of the entry."""
        return float(np.abs(self._gap(numbers, lambda x: x)).max())

    def starts(self) -> list[dict[str, float]]:
        """The best points of the grid, each with the rate that its first step asks for."""
        points = []
        for values in itertools.product(*(STARTS[name] for name in self.free)):
            numbers = dict(zip(self.free, values, strict=True)) | self._bounds()
            if "rate" in numbers:
                with np.errstate(all="ignore"):
                    ratio = self.target[0] / self.changes(numbers, 1)[0]
                ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
                numbers["rate"] *= float(np.median(ratio)) if ratio.size else 1.0
            points.append(numbers)
        return sorted(points, key=lambda each: float(np.abs(self._gap(each, _signed_logarithm)).sum()))

    def _bounds(self) -> dict[str, float]:
        """The smallest and the largest step that were taken: those of resilient propagation, if they are reached."""
        taken = np.abs(self.target[np.isfinite(self.target) & (self.target != 0)])
        ends = {"smallest": taken.min(), "largest": taken.max()} if taken.size else {}
        return {name: float(value) for name, value in ends.items() if name in self.free}

    def solved(self, start: Numbers) -> dict[str, float] | None:
        """Least squares, by the logarithm of the changes first, for numbers may be off by orders of magnitude."""
        from scipy.optimize import least_squares

        unknown = _unknown(self.free, start)
        for scale in (_signed_logarithm, np.asarray):
            found = least_squares(
                self._residuals,
                unknown,
                args=(scale,),
                x_scale="jac",
                xtol=1e-15,
                ftol=1e-15,
                gtol=1e-15,
                max_nfev=TRIES,
            )
            unknown = found.x
            numbers = {**self.given, **_numbers(self.free, unknown)}
            if not all(np.isfinite(value) for value in numbers.values()):
                return None
            if self.distance(numbers) > HOPELESS:
                break
        return numbers

    def _residuals(self, unknown: Array, scale: Callable[[Array], Array]) -> Array:
        return self._gap(_numbers(self.free, unknown), scale)

    def _gap(self, numbers: Numbers, scale: Callable[[Array], Array]) -> Array:
        with np.errstate(all="ignore"):
            gap = scale(self.changes(numbers) / self.size) - scale(self.target / self.size)
        return np.asarray(np.clip(np.nan_to_num(gap, nan=1e3, posinf=1e3, neginf=-1e3), -1e3, 1e3)).ravel()


def _signed_logarithm(x: Array) -> Array:
    """Logarithm of the size with the sign, linear below a thousandth."""
    return np.asarray(np.arcsinh(1e3 * x))


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
