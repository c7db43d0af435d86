"""Finds out whether the first iteration of a loop makes parameters, as layers do that learn the size of their input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import Path, StateVariable
from gradcheck.scripts.replay.step import Step, Trace

#: A change of a value, relative to its size: far above rounding, and far below what makes a step take another branch.
_PERTURBATION = 1e-4

#: Two changes are the same to this accuracy: differences of 1e-4 are good to about 1e-8.
_EQUAL = 1e-3

#: Values of the first iteration that are perturbed one by one. Where there are more, some of them, evenly spread.
_MOST_CANDIDATES = 16


def makes_parameters(step: Step) -> bool:
    """Whether the first iteration makes a value that the next one updates, and reads for something else before.

    What is only overwritten is a cache. What is read for its own new value alone is an average or a sum.
    """
    if not step.appeared:
        return False
    with step.tracer.preserved():  # the second iteration may take other branches than the first
        return _makes_parameters(step)


def _makes_parameters(step: Step) -> bool:
    usual = step.record_second()
    if usual is None:
        return False
    changed = {variable.path for variable in usual.changed()} & step.appeared
    paths = [path for path in usual.before if path in changed]
    if not paths or not _is_read_before(step, usual, paths):
        return False
    chosen = np.unique(np.linspace(0, len(paths) - 1, _MOST_CANDIDATES).round().astype(int))
    return any(_is_read_before(step, usual, [paths[i]]) for i in chosen)


def _is_read_before(step: Step, usual: Trace, paths: Sequence[Path]) -> bool:
    """Whether other values of some variables change more than themselves before the last of their own new values."""
    shifts = {}
    for path in paths:
        value = usual.before[path].value
        shifts[path] = np.full(value.shape, _PERTURBATION * (float(np.abs(value).max(initial=0.0)) or 1.0))

    def perturb(variable: StateVariable) -> Array | None:
        return np.asarray(variable.value + shifts[variable.path]) if variable.path in shifts else None

    seen = step.record_second(perturb)
    if seen is None:
        return False
    end = max(_last_own_event(usual, path) for path in paths)
    for one, other in zip(usual.events[:end], seen.events, strict=False):
        if one.location.index != other.location.index or one.value.shape != other.value.shape:
            return True
        change = other.value - one.value
        if change.any() and not any(_is_moved_by(change, shift) for shift in shifts.values()):
            return True
    return False


def _last_own_event(trace: Trace, path: Path) -> int:
    """The last event at which a variable gets the value that it has after the step; the end if there is none."""
    after = trace.after[path]
    own = [
        event.index
        for event in trace.events
        if event.container is after.found
        or (event.value.shape == after.value.shape and np.array_equal(event.value, after.value, equal_nan=True))
    ]
    return max(own, default=len(trace.events))


def _is_moved_by(change: Array, shift: Array) -> bool:
    """Whether a value moves as a variable does, as a sum to which something is added."""
    return change.shape == shift.shape and np.allclose(change, shift, rtol=_EQUAL, atol=0.0)
