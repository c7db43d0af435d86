"""How the loss goes when the parameters are changed by a rule, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import Patient
from gradcheck.training.doctor.update_rule import Rule

Array = NDArray[np.float64]

#: The loss is looked at so many times in the course of a run.
LOOKS = 100

#: A run whose loss is this small beside the one that it began with has arrived.
ARRIVED = 1e-12

#: A loss that is no number any more, but had come down to this part, has gone as far as the numbers hold: a probability
#: that is rounded to one has no logarithm of what is left.
OVERSHOT = 0.1


@dataclass(frozen=True)
class Course:
    """The loss in the course of a run.

    Attributes
    ----------
    steps : tuple of int
        When the loss was looked at: 0 and others.
    losses : tuple of float
        All finite, if the first is.
    last : ndarray
        The parameters at the last finite loss.
    finite : bool
        Whether loss and gradient stayed finite.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    last: Array
    finite: bool

    @property
    def start(self) -> float:
        """The first loss."""
        return self.losses[0]

    @property
    def end(self) -> float:
        """The loss reached: infinite for a run that left what numbers can hold with its loss still up."""
        if self.finite:
            return self.losses[-1]
        return self.losses[-1] if self.losses[-1] < OVERSHOT * self.start else math.inf

    @property
    def rises(self) -> float:
        """Share of the looks at which the loss was higher than at the one before."""
        pairs = list(zip(self.losses, self.losses[1:], strict=False))
        return sum(b > a for a, b in pairs) / len(pairs) if pairs else 0.0


def follow(
    patient: Patient,
    theta: Array,
    rule: Rule,
    steps: int,
    *,
    until: float = -math.inf,
    told: Callable[[int], object] | None = None,
) -> Course:
    """Change the parameters step by step.

    Parameters
    ----------
    patient : Patient
    theta : ndarray
        Where to begin; is not changed.
    rule : callable
    steps : int
    until : float
        End early once the loss is this low.
    told : callable, optional
        Gets the number of steps done since it was last called.

    Returns
    -------
    Course
    """
    every = max(1, steps // LOOKS)
    at, losses, theta = [0], [patient.loss(theta)], theta.copy()
    last, finite = theta, math.isfinite(losses[0])
    since: list[Array] = []
    enough = max(until, ARRIVED * abs(losses[0])) if finite else math.inf
    for step in range(1, steps + 1):
        gradient = patient.gradient(theta)
        if not np.isfinite(gradient).all():
            finite = False
            break
        with np.errstate(all="ignore"):
            theta = rule(theta, gradient)
        if step % every and step != steps:
            since.append(theta)
            continue
        if told is not None:
            told(step - at[-1])
        value = patient.loss(theta)
        if not math.isfinite(value):
            finite = False
            break
        at.append(step)
        losses.append(value)
        last = theta
        since = []
        if value <= enough:
            break
    if not finite and since:
        _fill(patient, since, at, losses)
    return Course(tuple(at), tuple(losses), last, finite)


def _fill(patient: Patient, since: list[Array], at: list[int], losses: list[float]) -> None:
    """Add the last finite loss between two looks of which the later one saw none."""
    start = at[-1]
    for i, theta in enumerate(since, 1):
        value = patient.loss(theta)
        if not math.isfinite(value):
            break
        if i > 1 and at[-1] > start:
            at.pop(), losses.pop()
        at.append(start + i)
        losses.append(value)
