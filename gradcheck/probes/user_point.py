"""Evaluates the loss and the claimed gradient at the user's own point; errors of the user's functions are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.differences.powers import SUBNORMAL, times_power_of_two
from gradcheck.differences.settings import EPSILON
from gradcheck.errors import SubjectError
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.point import LossNoise, point_data
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Vector
from gradcheck.subjects.subject import Subject


@dataclass(frozen=True, slots=True)
class UserPoint:
    """A prober at the user's point, and what evaluating it has shown.

    Attributes
    ----------
    prober : Prober
    observations : tuple of Observation
        Among them a loss that differs from call to call.
    """

    prober: Prober
    observations: tuple[Observation, ...]


def evaluate_user_point(evaluator: Evaluator, rtol: float, rng: np.random.Generator) -> UserPoint:
    """Evaluate the loss twice, and the gradient in between, at the user's point.

    Raises
    ------
    SubjectError
        If the loss is not finite. What the user's functions raise is passed on.
    """
    subject = evaluator.subject
    point, copy = subject.point, subject.space.copy
    value = evaluator.loss(copy(point))
    if not math.isfinite(value):
        raise SubjectError(
            f"the loss is {value} at the point given: move to a point where it is finite, or look for an overflow, "
            "a division by zero, a logarithm of zero or a masked value in it"
        )
    claim = copy(evaluator.gradient(copy(point)))
    again = evaluator.loss(copy(point))
    noise = LossNoise()
    observations: tuple[Observation, ...] = ()
    if again != value:
        spread, observations = _spread(value, again, evaluator.loss(copy(point)))
        noise = LossNoise(2 * spread, steady=False)
    exponent = _exponent(subject, value, claim)
    if exponent:
        evaluator.rescale(exponent)
        subject = evaluator.subject
        value, claim = times_power_of_two(value, -exponent), subject.space.times_power(claim, -exponent)
        level = times_power_of_two(noise.level, -exponent)
        noise = replace(noise, level=max(level, times_power_of_two(SUBNORMAL, -exponent)))
    data = point_data(subject, Place.USER, point, value, claim, rtol, noise=noise)
    return UserPoint(Prober(data, evaluator, rng), observations)


def _exponent(subject: Subject, value: float, claim: Vector) -> int:
    """Exponent of the power of two by which loss and gradient are divided; 0 where arithmetic has room for both."""
    slopes = [slope for g in claim if 0 < (slope := subject.space.largest(g)) < math.inf]
    sizes = [abs(value), max(slopes, default=0.0)]
    largest = max(sizes)
    exponent = math.frexp(largest)[1] if largest > 0 else 0
    return exponent if abs(exponent) > PROBES.roomy_exponent else 0


def _spread(first: float, second: float, third: float) -> tuple[float, tuple[Observation, ...]]:
    """How much values at one point differ; observed if it is more than the rounding of a parallel sum."""
    spread = max(first, second, third) - min(first, second, third)
    level = spread if math.isfinite(spread) else math.inf
    if spread <= PROBES.unsteady_roundings * EPSILON * abs(first):
        return level, ()
    if second == third:
        evidence = (
            f"the loss at one and the same point is {first!r} before the gradient is computed and {second!r} after it"
        )
    else:
        evidence = f"the loss at one and the same point is {first!r}, then {second!r}, then {third!r}"
    return level, (Observation("nondeterministic", evidence),)
