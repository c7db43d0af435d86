"""Fit hyperparameters that were not given to the changes that a rule makes.

Least squares on the changes of the first steps, each relative to the largest change of its entry, from the best points
of a coarse grid. The rate needs no grid, because steps are proportional to it: each point of the grid determines it.
Fitted values close to a short decimal are replaced by it if it fits as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradcheck.training.optimisers.comparing import COMPARISON_SETTINGS, gaps_in_tolerances
from gradcheck.training.optimisers.formula import Hyperparameters
from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence

#: Grid of starting values of each hyperparameter: usual defaults and values on either side.
STARTING_VALUES: dict[str, tuple[float, ...]] = {
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

#: Hyperparameters between 0 and 1; the others are positive.
FRACTIONS = frozenset({"momentum", "decay", "beta1", "beta2", "shrink"})

#: Hyperparameters of resilient propagation, whose bounds show late: all steps are needed to fit them.
NEED_ALL_STEPS = frozenset({"smallest", "largest", "shrink", "grow"})


@dataclass(frozen=True)
class FittingSettings:
    """Extent and stopping rules of the fit.

    Attributes
    ----------
    steps : int
        Steps that are fitted. All signs have changed by then.
    max_evaluations : int
        Evaluations of the residuals per fit, without those for derivatives. A fit that succeeds takes about ten.
    grid_points : int
        Points of the grid that are tried, best first.
    fitted_gap : float
        A largest gap below this, relative to the largest change of the entry, ends the search.
    hopeless_gap : float
        A gap above this after the logarithmic fit will not be closed by the linear one.
    digits : tuple of int
        Numbers of decimal digits that are tried for the fitted values.
    tolerance : float
        Relative tolerance of the least-squares solver: rounding.
    logarithm_scale : float
        The signed logarithm of changes is linear below the inverse of this, as a fraction of the largest change.
    largest_residual : float
        Residuals are clipped to this, so that overflow does not stop the solver.
    """

    steps: int = 10
    max_evaluations: int = 30
    grid_points: int = 8
    fitted_gap: float = 1e-9
    hopeless_gap: float = 0.05
    digits: tuple[int, ...] = (1, 2, 3, 4, 6)
    tolerance: float = 1e-15
    logarithm_scale: float = 1e3
    largest_residual: float = 1e3


FITTING_SETTINGS = FittingSettings()

#: The path of a rule with given hyperparameters.
Path = Callable[[Hyperparameters, GradientSequence, int | None], Array]


def fit(
    path: Path,
    measured: Array,
    sequence: GradientSequence,
    given: Hyperparameters,
    free: Sequence[str],
    grid_points: int = FITTING_SETTINGS.grid_points,
) -> dict[str, float] | None:
    """Hyperparameters with which a rule comes as close as possible to a measured path.

    Parameters
    ----------
    path : callable
        Path of the rule.
    measured : ndarray, shape (steps + 1, entries)
    sequence : GradientSequence
    given : mapping
        Hyperparameters that are fixed.
    free : sequence of str
        Hyperparameters that are fitted.
    grid_points : int
        Points of the grid that are tried.

    Returns
    -------
    dict or None
        All hyperparameters; None if no fit is finite.
    """
    if not free:
        return dict(given)
    steps = None if NEED_ALL_STEPS & set(free) else FITTING_SETTINGS.steps
    problem = _Fit(path, measured[: None if steps is None else steps + 1], sequence, given, tuple(free))
    best: dict[str, float] | None = None
    for start in problem.starts()[:grid_points]:
        values = problem.solve(start)
        if values is None:
            continue
        best = values if best is None or problem.distance(values) < problem.distance(best) else best
        if problem.distance(best) < FITTING_SETTINGS.fitted_gap:
            break
    return None if best is None else _rounded(path, measured, sequence, best, free)


@dataclass(frozen=True)
class _Fit:
    """Measured changes, and the hyperparameters that are free to reproduce them."""

    path: Path
    measured: Array
    sequence: GradientSequence
    given: Hyperparameters
    free: tuple[str, ...]

    @cached_property
    def target(self) -> Array:
        """The measured changes."""
        return np.diff(self.measured, axis=0)

    @cached_property
    def size(self) -> Array:
        """Largest change of each entry, plus the rounding of the parameter in proportion to `tolerances`."""
        finite = np.abs(np.where(np.isfinite(self.target), self.target, 0.0))
        share = COMPARISON_SETTINGS.parameter_roundings / COMPARISON_SETTINGS.change_roundings
        rounding = share * np.abs(self.measured[0])
        return np.asarray(finite.max(axis=0) + rounding + np.finfo(self.sequence.dtype).tiny)

    def changes(self, values: Hyperparameters, steps: int | None = None) -> Array:
        """Changes of the rule with some hyperparameters."""
        steps = len(self.target) if steps is None else steps
        with np.errstate(all="ignore"):
            return np.diff(self.path({**self.given, **values}, self.sequence, steps), axis=0)

    def distance(self, values: Hyperparameters) -> float:
        """Largest gap, relative to the largest change of the entry."""
        return float(np.abs(self._gap(values, lambda x: x)).max())

    def starts(self) -> list[dict[str, float]]:
        """Points of the grid, best first, each with the rate that its first step determines."""
        points = []
        for grid_point in itertools.product(*(STARTING_VALUES[name] for name in self.free)):
            values = dict(zip(self.free, grid_point, strict=True)) | self._bounds()
            if "rate" in values:
                with np.errstate(all="ignore"):
                    ratio = self.target[0] / self.changes(values, 1)[0]
                ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
                values["rate"] *= float(np.median(ratio)) if ratio.size else 1.0
            points.append(values)
        return sorted(points, key=lambda values: float(np.abs(self._gap(values, _signed_logarithm)).sum()))

    def _bounds(self) -> dict[str, float]:
        """The smallest and largest step taken: the bounds of resilient propagation, if they are reached."""
        taken = np.abs(self.target[np.isfinite(self.target) & (self.target != 0)])
        ends = {"smallest": taken.min(), "largest": taken.max()} if taken.size else {}
        return {name: float(value) for name, value in ends.items() if name in self.free}

    def solve(self, start: Hyperparameters) -> dict[str, float] | None:
        """Least squares, first on the logarithm of changes, since values may be off by orders of magnitude."""
        from scipy.optimize import least_squares

        settings, unknown = FITTING_SETTINGS, _to_unbounded(self.free, start)
        for scale in (_signed_logarithm, np.asarray):
            found = least_squares(
                self._residuals,
                unknown,
                args=(scale,),
                x_scale="jac",
                xtol=settings.tolerance,
                ftol=settings.tolerance,
                gtol=settings.tolerance,
                max_nfev=settings.max_evaluations,
            )
            unknown = found.x
            values = {**self.given, **_from_unbounded(self.free, unknown)}
            if not all(np.isfinite(value) for value in values.values()):
                return None
            if self.distance(values) > settings.hopeless_gap:
                break
        return values

    def _residuals(self, unknown: Array, scale: Callable[[Array], Array]) -> Array:
        return self._gap(_from_unbounded(self.free, unknown), scale)

    def _gap(self, values: Hyperparameters, scale: Callable[[Array], Array]) -> Array:
        limit = FITTING_SETTINGS.largest_residual
        with np.errstate(all="ignore"):
            gap = scale(self.changes(values) / self.size) - scale(self.target / self.size)
        return np.asarray(np.clip(np.nan_to_num(gap, nan=limit, posinf=limit, neginf=-limit), -limit, limit)).ravel()


def _signed_logarithm(x: Array) -> Array:
    """Logarithm of the size with the sign of x; linear for small x."""
    return np.asarray(np.arcsinh(FITTING_SETTINGS.logarithm_scale * x))


def _to_unbounded(free: Sequence[str], values: Hyperparameters) -> Array:
    """Hyperparameters on a scale without bounds: their logarithm, or the logarithm of the odds of a fraction."""
    return np.array(
        [np.log(values[name] / (1.0 - values[name])) if name in FRACTIONS else np.log(values[name]) for name in free]
    )


def _from_unbounded(free: Sequence[str], unknown: Array) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {
            name: float(1.0 / (1.0 + np.exp(-x)) if name in FRACTIONS else np.exp(x))
            for name, x in zip(free, unknown, strict=True)
        }


def _rounded(
    path: Path, measured: Array, sequence: GradientSequence, values: dict[str, float], free: Sequence[str]
) -> dict[str, float]:
    """The hyperparameters with as few digits as reproduce the path."""
    for digits in FITTING_SETTINGS.digits:
        short = values | {name: float(f"{values[name]:.{digits}g}") for name in free}
        if all(0 < short[name] < 1 for name in free if name in FRACTIONS):
            gaps = gaps_in_tolerances(measured, path(short, sequence, None), sequence)
            if float(np.max(gaps)) <= 1.0:
                return short
    return values
