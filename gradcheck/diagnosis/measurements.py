"""Slopes of the loss along a few directions from one point: what a mistake is fitted to."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.differences.estimate import Status
from gradcheck.differences.settings import EPSILON
from gradcheck.probes.cancellation import classify_negligible
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.generic_point import generic_shift
from gradcheck.probes.line import Line
from gradcheck.probes.place import Place
from gradcheck.probes.point import LossNoise, point_data
from gradcheck.probes.prober import Prober
from gradcheck.subjects.spaces.space import Vector
from gradcheck.subjects.subject import Point, Subject

Array = NDArray[Any]

#: What counts as measured; the error bar says how sharp it is.
MEASURED = (Status.CONVERGED, Status.NOISY, Status.ROUGH)


@dataclass(frozen=True)
class Slope:
    """The slope of a loss along a direction that moves one block.

    Attributes
    ----------
    along : ndarray
    value, error : float
    """

    along: Array
    value: float
    error: float


class Measurements:
    """A point, what can be observed there, and slopes that are measured when they are first needed, and kept.

    Parameters
    ----------
    prober : Prober
    distance : float
        How far the point is from the user's: 1 if it is far, or there is nothing to compare with.
    accuracy : float
        What loss and claim may be off by, as a part of the norm, beside their error bars.
    """

    def __init__(self, prober: Prober, distance: float = 1.0, accuracy: float = 0.0) -> None:
        self.prober, self.distance, self.accuracy = prober, distance, accuracy
        host, data = prober.subject.space.host, prober.data
        point, claim = (tuple(host(array) for array in vector) for vector in (data.point, data.claim))
        self.context = Context(prober.subject, point, claim, data.point)
        self._slopes: dict[int, list[Slope]] = {}
        self._samples: dict[int, list[list[Slope]]] = {}

    def within(self, accuracy: float) -> Measurements:
        """The same measurements with another accuracy."""
        found = copy.copy(self)
        found.accuracy = accuracy
        return found

    @property
    def claim(self) -> Point:
        """The gradient claimed here, in NumPy arrays."""
        return self.context.claim

    def directions(self, block: int) -> list[Array]:
        """The directions along which the block is measured."""
        return [slope.along for slope in self.slopes(block)]

    def slopes(self, block: int) -> list[Slope]:
        """Slopes along directions that move a block; fewer where the budget ends, or an estimate does not converge."""
        if block not in self._slopes:
            size = self.prober.subject.blocks[block].size
            found = [self.slope(block, self._drawn(block)) for _ in range(min(DIAGNOSIS.directions, size))]
            self._slopes[block] = [slope for slope in found if slope is not None]
        return self._slopes[block]

    def samples(self, block: int, subjects: list[Subject]) -> list[list[Slope]]:
        """Slopes of the losses of single samples, along the directions of `slopes`; empty where one is missing."""
        if block not in self._samples:
            found = []
            for along in self.directions(block)[:2]:
                row = [self.slope(block, along, subject.loss) for subject in subjects]
                if all(slope is not None for slope in row):
                    found.append([slope for slope in row if slope is not None])
            self._samples[block] = found
        return self._samples[block]

    def slope(self, block: int, along: Array, loss: Callable[[Point], float] | None = None) -> Slope | None:
        """Slope of the loss, or of another one, along a direction; None where it cannot be measured."""
        found = self._measured({block: along}, loss)
        return None if found is None else Slope(along, *found)

    def slope_of_slice(self, block: int, axis: int, index: int) -> Slope | None:
        """Slope along the part of the first direction that lies at one index along an axis; None without one."""
        directions = self.directions(block)
        if not directions:
            return None
        part, place = np.zeros_like(directions[0]), (slice(None),) * axis + (index,)
        part[place] = directions[0][place]
        return self.slope(block, part)

    @staticmethod
    def contribution(claim: Array, along: Array) -> tuple[float, float]:
        """The slope that an array gives along a direction, and the root of the sum of squares of its contributions."""
        contributions = np.multiply(claim, along, dtype=np.float64).ravel()
        return float(contributions.sum()), float(np.linalg.norm(contributions))

    def together(self, blocks: Sequence[int]) -> list[tuple[dict[int, Array], float, float]]:
        """Slopes along directions that move several blocks: these, and value and error of each."""
        found = []
        for _ in range(DIAGNOSIS.directions):
            moved = {block: self._drawn(block) for block in blocks}
            slope = self._measured(moved)
            found += [(moved, *slope)] if slope is not None else []
        return found

    def _measured(
        self, moved: dict[int, Array], loss: Callable[[Point], float] | None = None
    ) -> tuple[float, float] | None:
        """Slope along a direction, and its error bar."""
        prober, data, space = self.prober, self.prober.data, self.prober.subject.space
        if prober.evaluator.left < DIAGNOSIS.slope_cost:
            return None
        line = Line(prober.evaluator, data.point, space.given(moved, data.point), loss)
        centre = data.value
        if loss is not None:
            (centre,) = line([0.0])
        noise = max(data.noise.level, EPSILON * abs(centre))
        norms = [float(np.linalg.norm((self.claim[block] * along).ravel())) for block, along in moved.items()]
        target = DIAGNOSIS.slope_target * data.rtol * math.hypot(*norms)
        estimate = prober.estimate(
            line, target=target, cost=DIAGNOSIS.slope_cost, noise=noise, centre=centre, brief=True
        )
        if estimate.status not in MEASURED or not estimate.finite:
            return None
        return estimate.value, estimate.error

    def _drawn(self, block: int) -> Array:
        return self.prober.subject.space.array(self.prober.line([block]).direction, block)


def measurements(
    evaluator: Evaluator, rtol: float, rng: np.random.Generator
) -> tuple[Measurements, Iterator[Measurements]]:
    """Measurements at the user's point, and at generic ones, each nearer to it than the one before.

    The farthest tells most: there all mistakes differ. Nearer ones are for a loss that follows another formula farther
    away, beyond a clip or a floor. They are made when they are asked for.
    """
    subject = evaluator.subject
    copied = subject.space.copy
    value = evaluator.loss(copied(subject.point))
    claim = copied(evaluator.gradient(copied(subject.point)))
    data = point_data(subject, Place.USER, subject.point, value, claim, rtol)
    here = classify_negligible(Prober(data, evaluator, rng)).with_measured_noise()
    return Measurements(here), _elsewhere(here)


def _elsewhere(here: Prober) -> Iterator[Measurements]:
    """At points drawn on a scale of 1, then of the parameters, then nearer."""
    wide = here.subject.space.unit_shift(here.data.point, here.rng)
    near = generic_shift(here)
    for shift, distance in zip((wide, near, near), DIAGNOSIS.distances, strict=True):
        there = _at(here, shift, distance)
        if there is not None:
            yield Measurements(there, distance)


def _at(here: Prober, shift: Vector, distance: float) -> Prober | None:
    """A prober at a displaced point that knows nothing of this one; None where the loss is in another regime."""
    data, there = here.data, here.displaced(shift, distance, Place.GENERIC)
    if there is None or abs(there.data.value) > DIAGNOSIS.larger * max(abs(data.value), data.reference):
        return None
    if there.data.reference < DIAGNOSIS.smaller * data.reference:
        return None  # products of such numbers underflow
    found = there.data
    fresh = point_data(
        found.subject,
        Place.GENERIC,
        found.point,
        found.value,
        found.claim,
        data.rtol,
        noise=LossNoise(steady=data.noise.steady),
        cancelled=data.cancelled,
    )
    return Prober(fresh, here.evaluator, here.rng).with_measured_noise()
