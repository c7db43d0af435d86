"""What the expression of a wrong line has to be, at the first time that it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.record import equal
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING
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
    is_complete : callable
        Whether every value that it was asked for was compared.
    """

    turn: int
    now: Any
    is_wanted: Callable[[Any], bool]
    is_complete: Callable[[], bool] = lambda: True


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
    below = blame.dataflow.below([target])
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
    if wanted is not None and _tells_nothing(own.array, wanted, blame.recording.tolerance):
        return None
    if wanted is not None:
        return Requirement(turn, own.array, _Wanted(wanted, own.array, recording.tolerance))

    def makes(array: Any) -> bool:
        try:
            return np.shape(array) == np.shape(own.array) and _alike(needed, made(array), recording.tolerance)
        except Exception as error:
            pass_on_signal(error)
            return False

    return Requirement(turn, own.array, makes)


def right_claims(blame: Blame, unit: int, budget: Budget, span: Span) -> Requirement | None:
    """What an expression has to be that the gradient evaluates once: all wrong claims are right then.

    None if not all of them are made of it, or if it is evaluated more often. What is computed again is spent of the
    budget.
    """
    graph, sites = blame.recording.graph, blame.recording.sites
    results = [
        value
        for value in graph.values
        if value.phase == 1
        and value.site is not None
        and sites[value.site].unit == unit
        and sites[value.site].span == span
        and is_real(value.array)
    ]
    claims = [claim.id for claim in blame.backward.claims]
    if len(results) != 1 or not set(claims) <= blame.dataflow.below([results[0].id]):
        return None
    wanted = _RightClaims(blame, results[0], budget)
    return Requirement(0, results[0].array, wanted, lambda: wanted.left >= 0)


class _RightClaims:
    """Whether the wrong claims are right with arrays in place of a value.

    A random product with one of them tells most arrays apart where that claim is linear in the value; else only so many
    are tried.
    """

    def __init__(self, blame: Blame, own: Value, budget: Budget) -> None:
        self._blame, self._own, self._budget = blame, own, budget
        self._graph, self._tolerance = blame.recording.graph, blame.recording.tolerance
        self._order = self._graph.order([own.id], [claim.id for claim in blame.backward.claims])
        self._now = np.asarray(own.array, dtype=np.float64)
        self.left = RECORDING.most_replays
        claim = max(blame.backward.claims, key=lambda each: np.size(each.truth))
        generator = np.random.default_rng(0)
        known = ~np.isnan(claim.truth)
        self._weights = np.where(known, generator.standard_normal(np.shape(claim.truth)), 0.0)
        self._id = claim.id
        self._slope = self._slope_of(generator)
        if self._slope is not None:
            truth = np.where(known, claim.truth, 0.0)
            now = np.asarray(self._graph.values[claim.id].array, dtype=np.float64)
            terms = [float(np.vdot(self._weights, each)) for each in (truth, now)]
            terms.append(float(np.vdot(self._slope, self._now)))
            self._wanted = terms[0] - terms[1] + terms[2]
            self._bound = RECORDING.screened * max(map(abs, terms))

    def _slope_of(self, generator: np.random.Generator) -> Any:
        """The slope of the product by the value; None if it is not linear in it."""
        within = {self._own.id, *(value.id for value in self._order)}
        move = max(float(np.linalg.norm(self._now)), 1e-300) * generator.standard_normal(self._now.shape)
        try:
            slope = adjoints(self._graph, {self._id: self._weights}, within).of.get(self._own.id)
            products = [float(np.vdot(self._weights, self._made(self._now + k * move)[self._id])) for k in range(3)]
        except NoRule:
            return None
        except Exception as error:
            pass_on_signal(error)
            return None
        if slope is None:
            return None
        steps = [float(np.vdot(slope, k * move)) - (products[k] - products[0]) for k in (1, 2)]
        size = RECORDING.screened * max(map(abs, products))
        return slope if all(abs(step) <= size for step in steps) else None

    def _made(self, array: Any) -> dict[int, Any]:
        self._budget.spend(len(self._order))
        return self._graph.recomputed({self._own.id: array}, [c.id for c in self._blame.backward.claims], self._order)

    def __call__(self, array: Any) -> bool:
        if np.shape(array) != self._now.shape:
            return False
        if self._slope is None:
            self.left = -1 if self._budget.is_spent else self.left - 1
            if self.left < 0:
                return False
        elif not abs(float(np.vdot(self._slope, array)) - self._wanted) <= self._bound:
            return False
        try:
            new = self._made(np.asarray(array))
        except Exception as error:
            pass_on_signal(error)
            return False
        return all(equal(claim.truth, new[claim.id], self._tolerance) for claim in self._blame.backward.claims)


def _before(faulty: Faulty, target: int) -> dict[int, Any]:
    """Values that are put right before another one is."""
    return {i: array for i, array in faulty.instead.items() if i < target}


def _target(blame: Blame, faulty: Faulty, results: list[Value]) -> tuple[int, Any]:
    """The value that is known to be wrong, and what it has to be: of the line itself, or of one that reads it."""
    if faulty.needed is not None:
        return faulty.value, faulty.needed
    below = blame.dataflow.below([faulty.value])
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


def _tells_nothing(now: Any, wanted: Any, tolerance: float) -> bool:
    """Whether zeros have to be one and the same number: a mask, a sign or a quotient of anything may be that."""
    values = np.ravel(wanted)
    return values.size > 1 and not np.any(now) and equal(np.full_like(values, values[0]), values, tolerance)


def _alike(wanted: Any, array: Any, tolerance: float) -> bool:
    """Whether an array has the shape of another one, and is equal to it."""
    return np.shape(array) == np.shape(wanted) and equal(wanted, array, tolerance)
