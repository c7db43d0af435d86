"""What the expression of a wrong line has to be, at the first time that it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.blame import Blame, Faulty
from gradcheck.recording.graph import Value
from gradcheck.recording.record import equal
from gradcheck.recording.rules import NoRule
from gradcheck.recording.sites import Span
from gradcheck.tracebacks import pass_on_signal


@dataclass(frozen=True)
class Requirement:
    """What an expression has to be at one time.

    Attributes
    ----------
    turn : int
        How many times the gradient has evaluated it before.
    now : ndarray or float
        What it is.
    is_wanted : callable
        Whether a value in its place makes what is computed of it right.
    """

    turn: int
    now: Any
    is_wanted: Callable[[Any], bool]


def requirement_of(blame: Blame, faulty: Faulty, span: Span) -> Requirement | None:
    """What an expression of a wrong line, at a place, has to be; None if that does not follow from the values."""
    recording = blame.recording
    graph, sites = recording.graph, recording.sites
    results = [
        value
        for value in graph.values
        if value.phase == 1
        and value.site is not None
        and sites[value.site].unit == faulty.unit
        and sites[value.site].span == span
    ]
    target, needed = _target(blame, faulty, results)
    if needed is None:
        return None
    below = blame.below([target])
    whole = next((value.id for value in results if value.id in below), None)
    if whole is not None and whole != target:  # what is wrong is a part of the expression
        needed = graph.recomputed({**_before(faulty, target), target: needed}, [whole])[whole]
        target = whole
    above = graph.ancestors([target])
    behind = [k for k, value in enumerate(results) if value.id in above]
    if not behind:
        return None
    turn = behind[-1]
    own = results[turn]
    before = {i: array for i, array in _before(faulty, target).items() if i != own.id}
    order = graph.order([own.id, *before], [target])

    def made(array: Any) -> Any:
        return graph.recomputed({**before, own.id: array}, [target], order)[target]

    within = {own.id, *(value.id for value in order)}
    wanted = needed if own.id == target else _solved(blame, own, target, needed, made, within)
    if wanted is not None:
        return Requirement(turn, own.array, _Wanted(wanted, own.array, recording.tolerance))

    def makes(array: Any) -> bool:
        try:
            return np.shape(array) == np.shape(own.array) and _alike(needed, made(array), recording.tolerance)
        except Exception as error:
            pass_on_signal(error)
            return False

    return Requirement(turn, own.array, makes)


def _before(faulty: Faulty, target: int) -> dict[int, Any]:
    """Values that are put right before another one is."""
    return {i: array for i, array in faulty.instead.items() if i < target}


def _target(blame: Blame, faulty: Faulty, results: list[Value]) -> tuple[int, Any]:
    """The value that is known to be wrong, and what it has to be: of the line itself, or of one that reads it."""
    if faulty.needed is not None:
        return faulty.value, faulty.needed
    below = blame.below([faulty.value])
    for each in sorted(faulty.instead):
        now = blame.recording.graph.values[each].array
        if each in below and not equal(faulty.instead[each], now, blame.recording.tolerance):
            return each, faulty.instead[each]
    return faulty.value, None


def _solved(blame: Blame, own: Value, target: int, needed: Any, made: Callable[[Any], Any], within: set[int]) -> Any:
    """What a value has to be so that another one is right that holds each of its entries once; None if it does not."""
    now = made(own.array)
    if np.shape(now) != np.shape(needed):
        return None
    try:
        found = adjoints(blame.recording.graph, {target: np.asarray(needed) - now}, within).of.get(own.id)
        if found is None:
            return None
        wanted = np.asarray(own.array, dtype=np.float64) + np.reshape(found, np.shape(own.array))
        return wanted if _alike(needed, made(wanted), blame.recording.tolerance) else None
    except NoRule:
        return None
    except Exception as error:
        pass_on_signal(error)
        return None


class _Wanted:
    """Whether arrays are a known one: the entry that is off most tells most of them apart."""

    def __init__(self, wanted: Any, now: Any, tolerance: float) -> None:
        self._wanted, self._tolerance = np.asarray(wanted), tolerance
        alike = np.shape(now) == self._wanted.shape and self._wanted.size > 0
        self._place = int(np.argmax(np.abs(self._wanted - now))) if alike else 0
        self._bound = tolerance * float(np.linalg.norm(self._wanted))

    def __call__(self, array: Any) -> bool:
        if np.shape(array) != self._wanted.shape:
            return False
        if self._wanted.size > 1:
            one, other = self._wanted.item(self._place), np.asarray(array).item(self._place)
            if not abs(one - other) <= 2.0 * self._bound:
                return False
        return equal(self._wanted, array, self._tolerance)


def _alike(wanted: Any, array: Any, tolerance: float) -> bool:
    """Whether an array has the shape of another one, and is equal to it."""
    return np.shape(array) == np.shape(wanted) and equal(wanted, array, tolerance)
