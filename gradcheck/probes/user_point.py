"""The user's own point: its loss and gradient, where what goes wrong is the user's own error and is shown."""

from __future__ import annotations

import math

import numpy as np

from gradcheck.differences.noise import EPSILON
from gradcheck.errors import SubjectError
from gradcheck.probes.budget import Effort
from gradcheck.probes.point import Site
from gradcheck.subjects.subject import Subject, copied

#: Values at one point that differ by so many roundings differ as a parallel sum does.
SHUFFLED = 64.0


def arrive(subject: Subject, rtol: float, rng: np.random.Generator, effort: Effort, remarks: dict[str, str]) -> Site:
    """The site of the user's point.

    Parameters
    ----------
    subject : Subject
    rtol : float
    rng : numpy.random.Generator
    effort : Effort
    remarks : dict
        Slug of a mistake to the evidence; a loss that differs from call to call is entered here.

    Raises
    ------
    SubjectError
        If the loss is not finite. What the user's functions raise is passed on.
    """
    point = subject.point
    value = _loss(subject, effort)
    if not math.isfinite(value):
        raise SubjectError(
            f"the loss is {value} at the point given: move to a point where it is finite, or look for an overflow, "
            "a division by zero or a logarithm of zero in it"
        )
    effort.spend(gradients=1)
    claim = tuple(np.array(g) for g in subject.gradient(copied(point)))
    again = _loss(subject, effort)
    site = Site(subject, point, value, claim, rtol, rng, effort, "your point")
    if again != value:
        site.noise, site.steady = 2 * _unsteady(value, again, _loss(subject, effort), remarks), False
    return site


def _loss(subject: Subject, effort: Effort) -> float:
    effort.spend(losses=1)
    return subject.loss(copied(subject.point))


def _unsteady(first: float, second: float, third: float, remarks: dict[str, str]) -> float:
    """How much values at one point differ, noted if it is more than the rounding of a parallel sum."""
    spread = max(first, second, third) - min(first, second, third)
    if not spread <= SHUFFLED * EPSILON * abs(first):
        if second == third:
            remarks["nondeterministic"] = (
                f"the loss at one and the same point is {first!r} before the gradient is computed and "
                f"{second!r} after it"
            )
        else:
            remarks["nondeterministic"] = (
                f"the loss at one and the same point is {first!r}, then {second!r}, then {third!r}"
            )
    return spread if math.isfinite(spread) else math.inf
