"""The instrument that measures around one point: directional derivatives and noise, with an evaluator that counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from gradcheck.differences.derivative import differentiate
from gradcheck.differences.estimate import Estimate, Status
from gradcheck.differences.noise import ends_in_a_jump, measure_noise, noise_at, noise_beyond
from gradcheck.differences.powers import SUBNORMAL, times_power_of_two
from gradcheck.differences.richardson import Function
from gradcheck.differences.settings import EPSILON, NOISE
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.line import Line
from gradcheck.probes.place import Place
from gradcheck.probes.point import LossNoise, PointData, point_data
from gradcheck.probes.settings import PROBES
from gradcheck.probes.steps import StepPolicy
from gradcheck.subjects.spaces.space import Part, Parts, Vector
from gradcheck.subjects.subject import Subject
from gradcheck.tracebacks import pass_on_signal

#: Statuses of an estimate whose step is a good one to start the next estimate from.
_SERVED = (Status.CONVERGED, Status.NOISY)


class Prober:
    """Measures slopes along lines through one point.

    What is known of the point (`data`) and which steps may be taken (`policy`) are values, and never change; methods
    named `with_…` give another prober. A prober remembers one thing: the step that served last, from which the next
    slope starts.

    Parameters
    ----------
    data : PointData
    evaluator : Evaluator
    rng : numpy.random.Generator
    policy : StepPolicy, optional
        By default steps that are exact in the type of the parameters.
    """

    def __init__(
        self, data: PointData, evaluator: Evaluator, rng: np.random.Generator, policy: StepPolicy | None = None
    ) -> None:
        self.data, self.evaluator, self.rng = data, evaluator, rng
        self.policy = policy or StepPolicy(data.exact_bits)
        self._start = self.policy.start
        self._of_block: dict[int, Prober] = {}

    @property
    def subject(self) -> Subject:
        """What is measured."""
        return self.data.subject

    # -- other probers ----------------------------------------------------------------------------------------------

    def again(
        self,
        *,
        data: PointData | None = None,
        policy: StepPolicy | None = None,
        rng: np.random.Generator | None = None,
    ) -> Prober:
        """Another prober that starts from the step that served last, with other data, steps or random numbers."""
        chosen = policy or self.policy.with_start(self._start)
        return Prober(data or self.data, self.evaluator, rng or self.rng, chosen)

    def with_noise(self, noise: LossNoise) -> Prober:
        """A prober that knows the noise of the loss."""
        found = self.again(data=self.data.with_noise(noise))
        found._of_block = dict(self._of_block)
        return found

    def with_measured_noise(self, blocks: Iterable[int] | None = None) -> Prober:
        """A prober that knows the noise, measured along a line that moves some blocks, or all."""
        return self.with_noise(self.measured_noise(blocks))

    def for_block(self, block: int) -> Prober:
        """The prober to use for one block alone: where noise is loud, other blocks on their kinks may be its cause."""
        noise = self.data.noise
        if not noise.loud or not noise.steady or len(self.data.blocks) == 1:
            return self
        if block not in self._of_block:
            found = self.with_noise(replace(noise, level=0.0, loud=False)).with_measured_noise([block])
            if found.data.noise.loud or not found.data.noise.seen:
                found = found.with_noise(replace(found.data.noise, level=noise.level))
            self._of_block[block] = found
        return self._of_block[block]

    def displaced(self, shift: Vector, distance: float, place: Place) -> Prober | None:
        """A prober at ``point + distance·shift``; None where one is not finite, or no budget is left."""
        data, subject, space = self.data, self.subject, self.subject.space
        point = subject.representable(space.displaced(data.point, shift, distance))
        for_loss, for_gradient = space.copy(point), space.copy(point)
        if not self.evaluator.left:
            return None
        try:
            value = self.evaluator.loss(for_loss)
            if not math.isfinite(value):
                return None
            claim = self.evaluator.gradient(for_gradient)
        except Exception as error:
            pass_on_signal(error)
            return None
        if any(space.not_finite(g) for g in claim):
            return None
        level = EPSILON * abs(value) if data.noise.steady else data.noise.level
        noise = LossNoise(level, data.noise.steady, data.noise.loud)
        known, cancelled = data.scaling, data.cancelled
        there = point_data(
            subject, place, point, value, claim, data.rtol, noise=noise, known=known, cancelled=cancelled
        )
        return Prober(there, self.evaluator, self.rng, StepPolicy(there.exact_bits, start=self._start))

    # -- lines ------------------------------------------------------------------------------------------------------

    def line(self, blocks: Iterable[int] | None = None) -> Line:
        """A line along a random direction that moves some blocks, or all."""
        return self.line_along(dict.fromkeys(self.data.blocks if blocks is None else blocks))

    def line_along(self, parts: Parts) -> Line:
        """A line along a random direction that moves parts of blocks."""
        data = self.data
        direction = self.subject.space.draw(
            data.point,
            data.claim,
            data.scaling,
            floor=data.visible() if data.even else math.inf,
            zero=data.zero,
            bits=self.policy.bits,
            rng=self.rng,
            parts=parts,
        )
        return Line(self.evaluator, data.point, direction)

    def line_of_entry(self, block: int, index: tuple[int, ...]) -> tuple[Line, float, float]:
        """The line along one entry, the length of its direction, and the slope by which the entry is judged.

        An entry far smaller than its block is judged by what would matter to the block.
        """
        data, space = self.data, self.subject.space
        direction, length = space.unit(
            data.point, data.claim, data.scaling, block, index, bits=self.policy.bits, rng=self.rng
        )
        typical = space.judged_slope(data.claim[block], data.scaling[block]) * abs(length)
        return Line(self.evaluator, data.point, direction), length, max(abs(direction.slope), typical)

    def part_of(self, line: Line, block: int, part: Part) -> Line:
        """The line that moves one block of another line alone, each entry times its weight in a part."""
        data = self.data
        direction = self.subject.space.part_of(
            line.direction,
            block,
            part,
            data.point,
            data.claim,
            data.scaling,
            bits=self.policy.bits,
            rng=self.rng,
        )
        return Line(self.evaluator, data.point, direction)

    # -- measurements -----------------------------------------------------------------------------------------------

    def measured_noise(self, blocks: Iterable[int] | None = None) -> LossNoise:
        """Noise along a random line; what was known already counts as well, such as values that differ by call.

        Where the budget ends, it is as far as it is known then: no slope can be measured any more.
        """
        data, known = self.data, self.data.noise
        line, smallest = _within_budget(self.line(blocks)), -self.policy.bits
        spacing, narrow = max(NOISE.spacing, smallest), smallest > NOISE.spacing
        close = noise_at(line, data.value, spacing, narrow)
        flat, affordable = close is not None and close.constant, self.evaluator.left >= PROBES.detail_cost
        if data.all_zero:
            if flat and affordable:
                stepped = ends_in_a_jump(line, data.value)
                known = replace(known, stepped=stepped, constant=not stepped)
            if close is not None and known.constant:
                return replace(known, level=max(known.level, close.level))  # what is farther away is not noise
        elif close is not None and flat and affordable:
            beyond = noise_beyond(line, data.value, spacing, narrow)
            if beyond is not None:  # the bend beyond which it changes is not noise
                return replace(known, level=max(known.level, close.level, beyond))
        measured = measure_noise(line, data.value, smallest=smallest, first=close)
        level = max(known.level, measured.level, EPSILON * abs(data.value))
        return replace(known, level=level, loud=not measured.ordinary, seen=not measured.flat)

    def measure(
        self, line: Line, *, goal: float | None = None, start: int | None = None, brief: bool = False
    ) -> Comparison:
        """Measure the slope along a line and compare it with the claimed one.

        Parameters
        ----------
        line : Line
        goal : float, optional
            The error bar to reach; by default what it takes to see `rtol` in one small entry.
        start : int, optional
            Exponent of the first step, to repeat the steps of another measurement.
        brief : bool
            Whether two steps are enough where they agree.
        """
        data, small = self.data, line.claimed.small
        tolerance = data.rtol * small
        target = goal
        if target is None:
            target = PROBES.target * tolerance if tolerance > 0 else PROBES.zero_step * data.noise.level
        if start is None:
            start = self._start
            if start is None or (goal is None and small == 0.0):  # to show that there is nothing takes long steps
                start = self.policy.first_step(data.noise.level, target)
        estimate = self.estimate(line, target=target, start=start, cost=PROBES.slope_cost, brief=brief)
        if estimate.status in _SERVED and small > 0:
            self._start = math.frexp(estimate.step)[1] - 1
        return self.compared(line, estimate, zero=small == 0.0)

    def estimate(
        self,
        line: Function,
        *,
        target: float,
        start: int | None = None,
        cost: int,
        noise: float | None = None,
        centre: float | None = None,
        brief: bool = False,
    ) -> Estimate:
        """Slope of a function of one real number through this point, within the steps that may be taken from it."""
        level = self.data.noise.level if noise is None else noise
        smallest, largest = self.policy.limits
        return differentiate(
            line,
            noise=level,
            centre=self.data.value if centre is None else centre,
            target=target,
            start=self.policy.first_step(self.data.noise.level, target) if start is None else start,
            smallest=smallest,
            largest=largest,
            budget=min(self.evaluator.left, cost),
            brief=brief,
        )

    def compared(self, line: Line, estimate: Estimate, *, zero: bool) -> Comparison:
        """The claimed slope against an estimate; what is left of a claim of zero is its rounding."""
        data, claimed = self.data, line.claimed
        rounding = claimed.rounding
        if self.subject.exponent:  # the smallest number that the user's type holds may be a good part of an entry
            smallest = times_power_of_two(SUBNORMAL, -self.subject.exponent)
            rounding = math.hypot(rounding, smallest * line.direction.length)
        return Comparison(
            claimed.value,
            max(rounding, abs(claimed.value)) if zero else rounding,
            estimate,
            data.rtol * claimed.small,
            claimed.norm,
            data.rtol,
            zero=zero,
            reference=data.reference,
        )

    def is_out_of_sight(self, line: Line, found: Comparison) -> bool:
        """Whether a loss that does not move seems to refute a claim that only steps far beyond the point could show.

        Far away it may have another slope: beyond the typical sizes, or beyond what the parameters are themselves where
        their typical size is that of others.
        """
        noise = max(self.data.noise.level, found.estimate.noise)
        if not self.data.noise.steady or found.estimate.rise > 2 * noise:
            return False
        farther = max(
            1.0, self._beyond([0.0 if part is None else part.length for part in line.direction.contributions])
        )
        return found.estimate.step * farther > 1.0 and abs(found.gap) <= PROBES.proof * noise * farther

    def leads_away(self, shift: Vector, distance: float) -> bool:
        """Whether a displacement moves a block farther than its parameters are large: its typical size is of others.

        What the loss does there says nothing of what it does beside the point.
        """
        return distance * self._beyond([self.subject.space.norm(part) for part in shift]) > 1.0

    def _beyond(self, moves: Sequence[float]) -> float:
        """The largest of the lengths by which blocks move, in units of what the blocks are themselves, or of 1."""
        norm, described = self.subject.space.norm, self.subject.blocks
        own = [max(norm(x), math.sqrt(block.size)) for x, block in zip(self.data.point, described, strict=True)]
        return max((move / size for move, size in zip(moves, own, strict=True) if size > 0), default=0.0)

    def entry(self, block: int, index: tuple[int, ...], *, brief: bool = False) -> tuple[Comparison, Line, float]:
        """Measure the slope along one entry; also returns the line, and the length of its direction."""
        line, length, norm = self.line_of_entry(block, index)
        rtol = self.data.rtol
        found = self.measure(line, goal=PROBES.entry_target * rtol * norm if norm > 0 else None, brief=brief)
        rounding = max(found.rounding, abs(found.claimed)) if self.data.zero[block] else found.rounding
        return replace(found, rounding=rounding).judged_by(norm), line, length

    def claimed_beside(self, line: Line, step: float) -> float | None:
        """Claimed slope at a small offset along a line; None if it is not finite or cannot be computed there."""
        space = self.subject.space
        point = self.subject.representable(space.step(self.data.point, line.direction, step))
        try:
            claim = self.evaluator.gradient(point)
        except Exception as error:
            pass_on_signal(error)
            return None
        slope = space.dot(claim, line.direction)
        return slope if math.isfinite(slope) else None


def _within_budget(line: Line) -> Function:
    """A line whose values are not known, NaN, where the budget does not suffice for them."""

    def values(steps: Sequence[float]) -> Sequence[float]:
        return line(steps) if len(steps) <= line.evaluator.left else [math.nan] * len(steps)

    return values
