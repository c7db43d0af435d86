"""The first difference between two paths of parameters, beyond rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence


@dataclass(frozen=True)
class ComparisonSettings:
    """How far two changes may be apart and still be equal.

    Attributes
    ----------
    change_roundings : float
        Rounding of a change, in rounding units of its type: 1 − β₂ᵗ and averages of alternating numbers cancel and
        lose several digits.
    parameter_roundings : float
        Rounding of the parameter that is changed, in rounding units.
    fitted_accuracy : float
        Relative accuracy of fitted hyperparameters.
    """

    change_roundings: float = 2048.0
    parameter_roundings: float = 4.0
    fitted_accuracy: float = 1e-9


COMPARISON_SETTINGS = ComparisonSettings()


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """The first step at which two rules change an entry differently.

    Attributes
    ----------
    step : int
        Counted from 1.
    entry : int
        Index in a row; the entry whose changes differ most, relative to their size.
    change, expected : float
        The two changes of this entry in this step.
    """

    step: int
    entry: int
    change: float
    expected: float


def tolerances(expected: Array, sequence: GradientSequence, fitted: bool = False) -> Array:
    """How far two changes of an entry may be apart by rounding, one row per step.

    The tolerance is a fraction of the largest change so far, because averages of numbers that cancel keep the rounding
    of the largest; plus the rounding of the parameter.
    """
    settings, unit = COMPARISON_SETTINGS, float(np.finfo(sequence.dtype).eps)
    changes = np.abs(np.diff(expected, axis=0))
    largest = np.maximum.accumulate(np.where(np.isfinite(changes), changes, 0.0), axis=0)
    size = np.maximum.accumulate(np.where(np.isfinite(expected), np.abs(expected), 0.0), axis=0)[1:]
    relative = max(settings.change_roundings * unit, settings.fitted_accuracy if fitted else 0.0)
    tiny = float(np.finfo(sequence.dtype).tiny)
    return np.asarray(relative * largest + settings.parameter_roundings * unit * size + tiny)


def gaps_in_tolerances(path: Array, expected: Array, sequence: GradientSequence, fitted: bool = False) -> Array:
    """Gaps between changes in units of the tolerance, one row per step. Infinite where only one change is finite."""
    steps = min(len(path), len(expected))
    with np.errstate(all="ignore"):
        changes, others = np.diff(path[:steps], axis=0), np.diff(expected[:steps], axis=0)
        ratio = np.abs(changes - others) / tolerances(expected[:steps], sequence, fitted)
    finite = np.isfinite(changes)
    return np.where(finite != np.isfinite(others), np.inf, np.where(finite, ratio, 0.0))


def first_difference(
    path: Array, expected: Array, sequence: GradientSequence, fitted: bool = False
) -> FirstDifference | None:
    """The first difference between two paths; None if they agree within the tolerances."""
    apart = gaps_in_tolerances(path, expected, sequence, fitted) > 1.0
    if not apart.any():
        return None
    step = int(apart.any(axis=1).argmax())
    with np.errstate(all="ignore"):
        changes, others = path[step + 1] - path[step], expected[step + 1] - expected[step]
        relative = np.abs(changes - others) / np.maximum(np.abs(changes), np.abs(others))
    entry = int(np.where(apart[step], np.nan_to_num(relative, nan=np.inf, posinf=np.inf), -1.0).argmax())
    return FirstDifference(step + 1, entry, float(changes[entry]), float(others[entry]))


def largest_relative_gap(path: Array, expected: Array, sequence: GradientSequence) -> float:
    """Largest gap between changes beyond the rounding of the parameter, relative to the largest change of the entry."""
    with np.errstate(all="ignore"):
        changes, others = np.diff(path, axis=0), np.diff(expected, axis=0)
        unit = float(np.finfo(sequence.dtype).eps)
        rounding = COMPARISON_SETTINGS.parameter_roundings * unit * np.abs(expected).max(axis=0)
        gap: NDArray[np.float64] = np.maximum(np.abs(changes - others) - rounding, 0.0).max(axis=0)
        relative = gap / np.abs(others).max(axis=0)
    return float(np.nan_to_num(relative, nan=0.0).max(initial=0.0))
