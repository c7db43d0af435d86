"""Calls a subject's loss and gradient, and counts the calls: nothing above evaluates a subject by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from gradcheck.errors import GradcheckError
from gradcheck.subjects.rescaled import RescaledSubject
from gradcheck.subjects.spaces.space import Direction, Vector
from gradcheck.subjects.subject import Subject
from gradcheck.tracebacks import pass_on_signal

if TYPE_CHECKING:
    from gradcheck.probes.journal import Journal

#: Called with the number of evaluations of the loss so far, and what is being done.
Progress = Callable[[int, str], None]

#: Like the built-in `map`.
Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


class Evaluator:
    """Evaluates a subject, and counts.

    The counts change by evaluation alone; nobody else writes them. The budget changes while some is held back. The
    subject changes once at most, where its loss is too large or too small for arithmetic, see `rescale`.

    Parameters
    ----------
    subject : Subject
    budget : int
        Evaluations of the loss that may be spent. When they are used up, what is still open stays undecided.
    progress : callable, optional
        Called before each evaluation, with the number of evaluations including it.
    map : callable
        Like the built-in: evaluates a function at several points, perhaps in parallel.
    journal : Journal, optional
        Holds evaluations of an earlier check, and gets those of this one. They count alike.
    """

    def __init__(
        self,
        subject: Subject,
        budget: int,
        progress: Progress | None = None,
        map: Map = map,
        journal: Journal | None = None,
    ) -> None:
        self.subject, self.budget = subject, budget
        self._progress, self._map, self._journal = progress, map, journal
        self._losses, self._gradients, self._before = subject.preparations, 0, 0
        self._stage = "all blocks together"
        self._whole: Evaluator | None = None

    @property
    def losses(self) -> int:
        """Evaluations of the loss so far, those included that reading the subject took."""
        return self._losses

    @property
    def gradients(self) -> int:
        """Evaluations of the gradient so far."""
        return self._gradients

    @property
    def spent(self) -> int:
        """Evaluations of the loss so far, with those of the whole before this part of it."""
        return self._before + self._losses

    @property
    def left(self) -> int:
        """Evaluations of the loss that are left."""
        if self._whole is not None:
            return self._whole.left
        return max(self.budget - self._losses, 0)

    @contextmanager
    def reserving(self, evaluations: int) -> Iterator[None]:
        """While it lasts, some evaluations are held back for what follows."""
        self.budget -= evaluations
        try:
            yield
        finally:
            self.budget += evaluations

    def enter(self, stage: str) -> None:
        """Name what is being done, for the progress display."""
        self._stage = stage

    def rescale(self, exponent: int) -> None:
        """Divide loss and gradient by ``2**exponent`` from now on."""
        self.subject = RescaledSubject(self.subject, exponent)

    def of_part(self, part: Subject) -> Evaluator:
        """An evaluator for a part of the subject, with a budget of its own; its progress continues from here."""
        own = Evaluator(part, self.budget, self._progress)
        own._before = self.spent
        own.enter(f"{part.name} on its own")
        return own

    def in_other_blocks(self, subject: Subject, *, parallel: bool = True) -> Evaluator:
        """An evaluator for the same loss as a function of other blocks: its evaluations count as those of this one."""
        own = Evaluator(subject, self.budget, map=self._map if parallel else map)
        own._whole = self
        return own

    def loss(self, point: Vector) -> float:
        """Loss at a point; what the user's function raises is passed on."""
        self.count(losses=1)
        return self._journaled([point], lambda points: map(self.subject.loss, points))[0]

    def gradient(self, point: Vector) -> Vector:
        """Claimed gradient at a point; what the user's function raises is passed on. One that was given is no call."""
        if not self.subject.only_here:
            self.count(gradients=1)
        journal = None if self.subject.only_here else self._journal
        if journal is None:
            return self.subject.gradient(point)
        key = journal.key(f"gradient {self._tag}", point)
        known = journal.arrays(key)
        if known is not None:
            return known
        found = self.subject.gradient(point)
        journal.add_arrays(key, found)
        return found

    def losses_along(
        self,
        point: Vector,
        direction: Direction,
        steps: Sequence[float],
        loss: Callable[[Vector], float] | None = None,
    ) -> list[float]:
        """Loss, or another function, at several steps from a point; NaN where it raises, outside its domain."""
        return self.losses_at(point, [(direction, step) for step in steps], loss)

    def losses_at(
        self,
        point: Vector,
        steps: Sequence[tuple[Direction, float]],
        loss: Callable[[Vector], float] | None = None,
    ) -> list[float]:
        """The same for steps that each have a direction of their own: all may be evaluated at the same time."""
        self.count(losses=len(steps))
        step = self.subject.space.step
        points: Iterable[Vector] = (step(point, direction, t) for direction, t in steps)
        if self.subject.original.prepares:
            points = list(points)
            self.subject.original.prepare(points)
        evaluate = partial(_or_nan, loss or self.subject.loss)
        if loss is not None:
            return list(self._map(evaluate, points))
        return self._journaled(points, partial(self._map, evaluate))

    def losses_of(self, points: Sequence[Vector]) -> list[float]:
        """Loss at several points, NaN where it raises: all may be evaluated at the same time."""
        self.count(losses=len(points))
        return self._journaled(points, partial(self._map, partial(_or_nan, self.subject.loss)))

    @property
    def _tag(self) -> str:
        """Of evaluations in a journal: what they were divided by."""
        return f"{self.subject.exponent}"

    def _journaled(
        self, points: Iterable[Vector], evaluate: Callable[[Iterable[Vector]], Iterable[float]]
    ) -> list[float]:
        """Losses at some points: read from the journal, or evaluated and added to it."""
        journal = self._journal
        if journal is None:
            return list(evaluate(points))
        points = list(points)
        keys = [journal.key(f"loss {self._tag}", point) for point in points]
        known = [journal.loss(key) for key in keys]
        fresh = [i for i, value in enumerate(known) if value is None]
        found = []
        for i, value in zip(fresh, evaluate([points[i] for i in fresh]), strict=True):
            journal.add_loss(keys[i], value)
            found.append(value)
        following = iter(found)
        return [next(following) if value is None else value for value in known]

    def count(self, losses: int = 0, gradients: int = 0) -> None:
        """Count evaluations; those that are not made by this object as well."""
        self._losses += losses
        self._gradients += gradients
        if self._whole is not None:
            self._whole.count(losses, gradients)
        if self._progress is not None:
            self._progress(self.spent, self._stage)


def _or_nan(loss: Callable[[Vector], float], point: Vector) -> float:
    try:
        return loss(point)
    except GradcheckError:
        raise
    except Exception as error:
        pass_on_signal(error)
        return math.nan
