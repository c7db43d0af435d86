"""A point at which a gradient is looked at: its loss, the claim, the noise there, and slopes measured through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.derivative import LARGEST, differentiate
from gradcheck.differences.estimate import Estimate, Status
from gradcheck.differences.noise import EPSILON, SPACING, Noise, ends_in_a_jump, measure_noise, noise_at
from gradcheck.differences.richardson import RUN
from gradcheck.probes.budget import Effort
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.direction import Direction, draw, unit
from gradcheck.probes.line import Ray
from gradcheck.probes.scaling import Terrain, relevant, terrain_of
from gradcheck.subjects.subject import Point, Subject

Mask = NDArray[np.bool_] | bool

#: Exponent of a large first step.
LARGE = -1

#: Where the claim is zero no tolerance says how sharp to look: noise over a step of 1/ZERO_STEP of the scale will do.
ZERO_STEP = 2.0**4

#: A loss that wanders by this part of itself is chaotic.
RANDOM = 1e-3

#: A contribution of so many roundings of the loss can be the rounding of a gradient that is zero: normalisations divide
#: by small deviations what cancels afterwards.
NEGLIGIBLE = 1024.0


@dataclass(slots=True)
class Site:
    """A point of a subject and what is known there.

    Attributes
    ----------
    subject : Subject
    point : tuple of ndarray
    value : float
        The loss.
    claim : tuple of ndarray
        The gradient claimed.
    noise : float
        Bound on the error of one value of the loss; 0 until it was measured.
    name : str
        For the report: "your point", "a generic point".
    exponent : int or None
        Exponent of the step that last served; the next ray starts there.
    largest : int
        Exponent of the largest step that may be taken from here.
    scales : tuple of ndarray or None
        The scales of another point nearby, to be used here as well.
    steady : bool
        Whether the loss is the same at each call. If not, what was measured elsewhere counts here as well.
    loud : bool
        Whether the noise is more than rounding explains.
    flat : bool
        Whether the loss was found not to change around the point at all, as the claim says.
    stepped : bool
        Whether it was, and then leaves its value by a jump.
    terrain : tuple of Terrain
        Of each block.
    reference : float
        What the weightiest entry does to the loss when it moves by its scale, to first order.
    hollow : tuple of bool
        Which claims were found to be what rounding left of larger terms.
    faint : tuple of bool
        Which claims are so small that they may be, and are not zero.
    zero : tuple of bool
        Which claims are zero, or faint and hollow.
    """

    subject: Subject
    point: Point
    value: float
    claim: Point
    rtol: float
    rng: np.random.Generator
    effort: Effort
    name: str
    noise: float = 0.0
    exponent: int | None = None
    largest: int = LARGEST
    scales: tuple[NDArray[Any], ...] | None = None
    steady: bool = True
    loud: bool = False
    flat: bool = False
    stepped: bool = False
    hollow: tuple[bool, ...] = ()
    terrain: tuple[Terrain, ...] = field(init=False)
    faint: tuple[bool, ...] = field(init=False)
    zero: tuple[bool, ...] = field(init=False)
    reference: float = field(init=False)
    bits: int = field(init=False)
    _alone: dict[int, Site] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.terrain = terrain_of(self.point, self.claim, self._visible(0.0), self.scales)
        self.reference = max(t.largest for t in self.terrain)
        rounding = min(NEGLIGIBLE * EPSILON * abs(self.value), 1e-9 * self.reference)
        self.faint = tuple(0 < t.largest <= rounding for t in self.terrain)
        self.hollow = self.hollow or (False,) * len(self.point)
        self.zero = tuple(
            t.largest == 0 or (faint and left)
            for t, faint, left in zip(self.terrain, self.faint, self.hollow, strict=True)
        )
        mantissa = min(np.finfo(x.dtype).nmant for x in self.point)
        self.bits = int(0.58 * mantissa)

    @property
    def random(self) -> bool:
        """Whether the loss is chaotic here: its noise is a good part of itself."""
        return self.noise > RANDOM * abs(self.value) > 0

    @property
    def idle(self) -> bool:
        """Whether the whole claim is zero."""
        return not any(claim.any() for claim in self.claim)

    def random_shift(self, least: float | None = None) -> Point:
        """A random displacement on the scale of each entry: normal, or from `least` to 1 of it with random sign."""
        shift = []
        for t in self.terrain:
            if least is None:
                shift.append(t.scale * self.rng.standard_normal(t.scale.shape))
            else:
                random = self.rng.uniform(-1.0, 1.0, t.scale.shape)
                shift.append(t.scale * np.copysign(least + (1 - least) * np.abs(random), random))
        return tuple(shift)

    def generic_shift(self) -> Point:
        """A random displacement that, taken a third as far, keeps signs: parameters may have to stay positive."""
        shift = self.random_shift(least=0.3)
        return tuple(
            np.where(x == 0, d, np.copysign(np.abs(x), d) * np.abs(d) / t.scale)
            for x, d, t in zip(self.point, shift, self.terrain, strict=True)
        )

    def displaced(self, shift: Point, distance: float, name: str) -> Site | None:
        """The site at ``point + distance·shift``, or None where loss or gradient is not finite there."""
        point = self.subject.representable(
            tuple(np.asarray(x + (distance * d).astype(x.dtype)) for x, d in zip(self.point, shift, strict=True))
        )
        copies = [tuple(x.copy() for x in point) for _ in range(2)]
        try:
            self.effort.spend(losses=1)
            value = self.subject.loss(copies[0])
            if not math.isfinite(value):
                return None
            self.effort.spend(gradients=1)
            claim = self.subject.gradient(copies[1])
        except Exception:
            return None
        if not all(np.isfinite(g).all() for g in claim):
            return None
        noise = EPSILON * abs(value) if self.steady else self.noise
        return Site(
            self.subject,
            point,
            value,
            claim,
            self.rtol,
            self.rng,
            self.effort,
            name,
            noise,
            exponent=self.exponent,
            scales=tuple(terrain.scale for terrain in self.terrain),
            steady=self.steady,
            loud=self.loud,
            hollow=self.hollow,
        )

    def ray(self, masks: Sequence[Mask] | None = None) -> Ray:
        """A random ray through the point; `masks` says which entries move."""
        return Ray(self.subject, self.point, self._direction(masks), self.effort)

    def _visible(self, noise: float) -> float:
        """A change of the loss of which `rtol` can be seen."""
        return 2.0 ** (RUN + 4) * max(noise, EPSILON * abs(self.value)) / self.rtol

    def _direction(self, masks: Sequence[Mask] | None) -> Direction:
        return draw(
            self.point,
            self.claim,
            self.terrain,
            floor=self._visible(self.noise),
            zero=self.zero,
            bits=self.bits,
            rng=self.rng,
            masks=masks,
        )

    def listen(self, masks: Sequence[Mask] | None = None) -> None:
        """Measure the noise, along a random ray; values that differ from call to call count as well."""
        ray = self.ray(masks)
        if self.idle:
            close = noise_at(ray, self.value, max(SPACING, -self.bits), -self.bits > SPACING)
            if close is not None and close.constant:
                self.stepped = ends_in_a_jump(ray, self.value)
                self.flat = not self.stepped
            if close is not None and self.flat:
                self.noise = max(self.noise, close.level)  # what is farther is no noise
                return
        measured: Noise = measure_noise(ray, self.value, smallest=-self.bits)
        self.noise = max(self.noise, measured.level, EPSILON * abs(self.value))
        self.loud = not measured.ordinary

    def alone(self, block: int) -> Site:
        """The site as it is for one block: where the noise is loud, it may be the doing of others, on their kinks."""
        if not self.loud or not self.steady or len(self.point) == 1:
            return self
        if block not in self._alone:
            found = replace(self, noise=0.0, loud=False)
            found.bits, found.zero = self.bits, self.zero
            found.listen([b == block for b in range(len(self.point))])
            if found.loud:
                found.noise = self.noise
            self._alone[block] = found
        return self._alone[block]

    def beside(self, ray: Ray, step: float) -> float | None:
        """The slope claimed just beside the point on a ray, or None where there is none."""
        self.effort.spend(gradients=1)
        point = self.subject.representable(ray.direction.from_point(self.point, step))
        try:
            claim = self.subject.gradient(point)
        except Exception:
            return None
        slope = ray.direction.dot(claim)
        return slope if math.isfinite(slope) else None

    def take_for_zero(self, blocks: Sequence[int]) -> None:
        """From now on, blocks whose claim is what rounding left of larger terms."""
        self.hollow = tuple(left or b in blocks for b, left in enumerate(self.hollow))
        self.zero = tuple(zero or b in blocks for b, zero in enumerate(self.zero))

    def compare(self, masks: Sequence[Mask] | None = None, *, goal: float | None = None) -> Comparison:
        """Measure the slope along a fresh ray and compare it with the claim.

        Parameters
        ----------
        masks : sequence, optional
            Which entries move.
        goal : float, optional
            The error bar to reach; by default what it takes to see `rtol` in one small entry.
        """
        return self.measure(self.ray(masks), goal=goal)

    def along(self, block: int, index: tuple[int, ...]) -> tuple[Ray, float, float]:
        """The ray along one entry, how long its direction is, and what matters there.

        An entry far smaller than its block is held to what would matter to the block.
        """
        direction = unit(self.point, self.claim, self.terrain, block, index, bits=self.bits, rng=self.rng)
        length = float(direction.arrays[block][index])  # type: ignore[index]  # unit() moves this block
        typical = relevant(self.claim[block])[1] * self.terrain[block].typical * abs(length)
        return Ray(self.subject, self.point, direction, self.effort), length, max(abs(direction.slope), typical)

    def entry(self, block: int, index: tuple[int, ...]) -> tuple[Comparison, Ray, float]:
        """Measure the slope along one entry; also returns the ray, and how long its direction is."""
        ray, length, norm = self.along(block, index)
        comparison = self.measure(ray, goal=self.rtol * norm / 4 if norm > 0 else None)
        rounding = max(comparison.rounding, abs(comparison.claim)) if self.zero[block] else comparison.rounding
        return replace(comparison, norm=norm, tolerance=self.rtol * norm, rounding=rounding), ray, length

    def measure(self, ray: Ray, *, goal: float | None = None, start: int | None = None) -> Comparison:
        """Measure the slope along a ray and compare it with the claim; `start` repeats the steps of another time."""
        tolerance = self.rtol * ray.small
        target = goal if goal is not None else 0.75 * tolerance if tolerance > 0 else ZERO_STEP * self.noise
        if start is None:
            start = self.exponent
            if start is None or (goal is None and ray.small == 0.0):  # to see nothing takes long steps
                start = self.first_exponent(target)
        budget = min(self.effort.left, 60)
        estimate = differentiate(
            ray,
            noise=self.noise,
            centre=self.value,
            target=target,
            start=start,
            smallest=-self.bits,
            largest=max(self.largest, RUN - 1 - self.bits),
            budget=budget,
        )
        if estimate.status in (Status.CONVERGED, Status.NOISY) and ray.small > 0:
            self.exponent = math.frexp(estimate.step)[1] - 1
        return self.compared(ray, estimate, zero=ray.small == 0.0)

    def compared(self, ray: Ray, estimate: Estimate, *, zero: bool) -> Comparison:
        """The claim along a ray against an estimate of the slope; what is left of a claim of zero is its rounding."""
        return Comparison(
            ray.claim,
            max(ray.rounding, abs(ray.claim)) if zero else ray.rounding,
            estimate,
            self.rtol * ray.small,
            ray.norm,
            self.rtol,
            zero=zero,
            reference=self.reference,
        )

    def first_exponent(self, target: float) -> int:
        """Half-way, in the exponent, between the least step whose round-off reaches the target and a large one.

        From there the ladder has room to shrink where the loss is rough and to grow where it is noisier than measured.
        """
        largest = min(self.largest - RUN, LARGE)
        if target <= 0:
            return min(-12, largest)
        least = math.log2(max(self.noise, 5e-324)) - math.log2(target)
        return int(min(max((least + largest) / 2, -self.bits + 4), largest))
