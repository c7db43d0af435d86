"""A point that a claim is looked at from: its context, and slopes of the loss along a few directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.differences.derivative import differentiate
from gradcheck.differences.estimate import Status
from gradcheck.differences.noise import EPSILON
from gradcheck.differences.richardson import RUN
from gradcheck.probes.budget import Effort
from gradcheck.probes.cancellation import sift
from gradcheck.probes.direction import Direction
from gradcheck.probes.line import Ray
from gradcheck.probes.point import Site
from gradcheck.subjects.subject import Point, Subject, copied

Array = NDArray[Any]

#: Directions a block, what one slope may cost, and how sharp it has to be, in units of the tolerance.
RAYS, COST, SHARP = 3, 40, 0.1

#: What counts as measured; how sharp it is, the bar says.
MEASURED = (Status.CONVERGED, Status.NOISY, Status.ROUGH)

#: How far the second point lies, in units of the parameters' scale, or of 1 where that is more.
FAR = (1.0, 0.3, 0.03)

#: A loss so many times larger there is another regime.
LARGER = 1e3


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


class _Function:
    """A loss that is not the subject's own, for a ray to go through."""

    def __init__(self, loss: Callable[[Point], float]) -> None:
        self.loss = loss


@dataclass
class Vantage:
    """A site, its context, and what was measured from it."""

    site: Site
    context: Context
    _slopes: dict[int, list[Slope]] = field(default_factory=dict)
    _samples: dict[int, list[list[Slope]]] = field(default_factory=dict)

    @property
    def claim(self) -> Point:
        """The gradient claimed here."""
        return self.site.claim

    def directions(self, block: int) -> list[Array]:
        """The directions that the block was, or is to be, measured along."""
        return [slope.along for slope in self.slopes(block)]

    def slopes(self, block: int) -> list[Slope]:
        """Slopes of the loss along directions that move a block; fewer where the budget ends, or nothing converges."""
        if block not in self._slopes:
            size = self.site.point[block].size
            found = [self.slope(block, self._drawn(block)) for _ in range(min(RAYS, size))]
            self._slopes[block] = [slope for slope in found if slope is not None]
        return self._slopes[block]

    def samples(self, block: int, subjects: list[Subject]) -> list[list[Slope]]:
        """The slopes of the losses of single samples, along the directions of `slopes`; empty where one is missing."""
        if block not in self._samples:
            found = []
            for along in self.directions(block)[:2]:
                row = [self.slope(block, along, subject.loss) for subject in subjects]
                if all(slope is not None for slope in row):
                    found.append([slope for slope in row if slope is not None])
            self._samples[block] = found
        return self._samples[block]

    def slope(self, block: int, along: Array, loss: Callable[[Point], float] | None = None) -> Slope | None:
        """Slope of the loss, or of another one, along a direction; None where it cannot be told."""
        found = self._measured({block: along}, loss)
        return None if found is None else Slope(along, *found)

    def together(self, blocks: Sequence[int]) -> list[tuple[dict[int, Array], float, float]]:
        """Slopes of the loss along directions that move several blocks: these, value and error of each."""
        found = []
        for _ in range(RAYS):
            moved = {block: self._drawn(block) for block in blocks}
            slope = self._measured(moved)
            found += [(moved, *slope)] if slope is not None else []
        return found

    def _measured(
        self, moved: dict[int, Array], loss: Callable[[Point], float] | None = None
    ) -> tuple[float, float] | None:
        """Slope along a direction, and its bar."""
        site = self.site
        if site.effort.left < COST:
            return None
        arrays: list[Array | None] = [None] * len(site.point)
        for block, along in moved.items():
            arrays[block] = along.astype(site.point[block].dtype)
        subject: Any = site.subject if loss is None else _Function(loss)
        ray = Ray(subject, site.point, Direction(tuple(arrays), 0.0, (None,) * len(arrays)), site.effort)
        centre = site.value
        if loss is not None:
            (centre,) = ray([0.0])
        noise = max(site.noise, EPSILON * abs(centre))
        norms = [float(np.linalg.norm((site.claim[block] * along).ravel())) for block, along in moved.items()]
        target = SHARP * site.rtol * math.hypot(*norms)
        estimate = differentiate(
            ray,
            noise=noise,
            centre=centre,
            target=target,
            start=site.first_exponent(target),
            smallest=-site.bits,
            largest=max(site.largest, RUN - 1 - site.bits),
            budget=COST,
        )
        if estimate.status not in MEASURED or not math.isfinite(estimate.value) or not math.isfinite(estimate.error):
            return None
        return estimate.value, estimate.error

    def _drawn(self, block: int) -> Array:
        array = self.site.ray([b == block for b in range(len(self.site.point))]).direction.arrays[block]
        assert array is not None
        return array


def vantages(subject: Subject, rtol: float, rng: np.random.Generator, effort: Effort) -> tuple[Vantage, ...]:
    """The user's point, and a generic one as far from it as the loss lets it be."""
    value = subject.loss(copied(subject.point))
    claim = tuple(np.array(g) for g in subject.gradient(copied(subject.point)))
    here = Site(subject, subject.point, value, claim, rtol, rng, effort, "your point")
    sift(here)
    here.listen()
    there = _elsewhere(here)
    return tuple(Vantage(site, Context(subject, site.point, site.claim)) for site in (here, there) if site is not None)


def _elsewhere(here: Site) -> Site | None:
    """A point drawn on a scale of 1, or of the parameters, or nearer."""
    wide = tuple(
        np.asarray(here.rng.standard_normal(x.shape) * np.maximum(1.0, np.median(np.abs(x)) if x.size else 1.0))
        for x in here.point
    )
    shift = here.generic_shift()
    for direction, distance in ((wide, FAR[0]), (shift, FAR[1]), (shift, FAR[2])):
        site = here.displaced(direction, distance, "a generic point")
        if site is None or abs(site.value) > LARGER * max(abs(here.value), here.reference):
            continue
        found = Site(
            here.subject,
            site.point,
            site.value,
            site.claim,
            here.rtol,
            here.rng,
            here.effort,
            "a generic point",
            steady=here.steady,
            hollow=here.hollow,
        )
        found.listen()
        return found
    return None
