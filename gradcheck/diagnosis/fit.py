"""Fits mistakes to claims: does a mistake, committed on the measured gradient, reproduce the claim?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.measurements import Measurements, Slope
from gradcheck.diagnosis.mistakes.mistake import (
    AdditiveTerm,
    ChangedSamples,
    ExactArray,
    LinearMap,
    Mistake,
    OtherLoss,
    Permutation,
    RightGradient,
    Rounded,
    SampleWeights,
    Variant,
)
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.differences.settings import EPSILON
from gradcheck.subjects.subject import Point, Subject
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]


@dataclass(frozen=True)
class Row:
    """One direction: the claimed slope, and the slope that the right gradient gives once the mistake is applied.

    Attributes
    ----------
    claimed, expected, error : float
    norm : float
        Root of the sum of squares of what the claim's entries contribute.
    tolerance : float
    """

    claimed: float
    expected: float
    error: float
    norm: float
    tolerance: float


@dataclass(frozen=True)
class Fit:
    """A mistake that reproduces the claim, up to a constant.

    Attributes
    ----------
    detail : str
    factor, error : float
        The constant, and how far it may be off, with what the tolerance grants.
    claimed, expected : float
        What was claimed and what the mistake makes, along one direction, or in one entry.
    left : float
        What is left over at most, anywhere, relative to the norm of the claim.
    bar : float
        How far the constant may be off by the error bars alone.
    chance : float
        With what probability claims that have nothing to do with the mistake would be met as well, roughly: the product
        of what each slope may be off by, relative to the norm. One slope is used up by a constant other than 1 and −1.
    granted : float
        What a slope was allowed to be off by at most, relative to the norm.
    own : bool
        Whether the constant is a part of the mistake.
    """

    detail: str
    factor: float
    error: float
    claimed: float
    expected: float
    left: float
    bar: float = 0.0
    chance: float = 0.0
    granted: float = 0.0
    own: bool = False

    @property
    def plain(self) -> bool:
        """Whether no constant is needed beside the mistake."""
        return self.own or abs(self.factor - 1.0) <= self.error


def fit(rows: Sequence[Sequence[Row]], detail: str = "") -> Fit | None:
    """The constant that turns the expected slopes into the claimed ones, from rows of each point; None without one."""
    telling = [[row for row in some if row.norm > 0 and row.error <= DIAGNOSIS.telling * row.norm] for some in rows]
    flat = list(itertools.chain.from_iterable(telling))
    if len(flat) < 2 or not all(telling):
        return None
    factor = 1.0
    for _ in range(2):  # what the error bar of a slope is worth depends on the factor itself
        weights = [1.0 / (abs(factor) * row.error + row.tolerance) ** 2 for row in flat]
        bottom = sum(w * row.expected**2 for w, row in zip(weights, flat, strict=True))
        if not bottom > 0:
            return None
        factor = sum(w * row.expected * row.claimed for w, row in zip(weights, flat, strict=True)) / bottom
    if factor == 0 or not math.isfinite(factor):
        return None
    if any(DIAGNOSIS.bars * abs(factor) * row.error > DIAGNOSIS.vague * row.norm for row in flat):
        return None  # a factor that large would fit anything to what may be zero
    limits = [DIAGNOSIS.bars * abs(factor) * row.error + row.tolerance for row in flat]
    lefts = [abs(row.claimed - factor * row.expected) for row in flat]
    if any(left > limit for left, limit in zip(lefts, limits, strict=True)):
        return None
    error = 2.0 / math.sqrt(sum((row.expected / limit) ** 2 for row, limit in zip(flat, limits, strict=True)))
    bars = [abs(factor) * row.error + EPSILON * row.norm for row in flat]
    bar = 2.0 / math.sqrt(sum((row.expected / size) ** 2 for row, size in zip(flat, bars, strict=True)))
    row = max(rows[0], key=lambda row: abs(row.claimed))
    left = max(left / row.norm for left, row in zip(lefts, flat, strict=True))
    parts = sorted(min(1.0, limit / row.norm) for limit, row in zip(limits, flat, strict=True))
    chance = math.prod(parts if abs(abs(factor) - 1.0) <= error else parts[:-1])
    return Fit(detail, factor, error, row.claimed, factor * row.expected, left, bar, chance, parts[-1])


class Hypotheses:
    """Mistakes fitted to the claims and slopes at the points of a subject.

    Parameters
    ----------
    subject : Subject
    views : sequence of Measurements
        At one point or two.
    """

    def __init__(self, subject: Subject, views: Sequence[Measurements]) -> None:
        self.subject, self.views = subject, tuple(views)
        self._weighing, self._weighed = True, False
        self._epsilons: dict[str, float] = {}
        self._distance = min((view.distance for view in self.views), default=1.0)

    def within(self, accuracy: float) -> Hypotheses:
        """The same, with slopes and claims that may be off by a part of their norm."""
        return Hypotheses(self.subject, [view.within(accuracy) for view in self.views])

    def stop_weighing_samples(self) -> None:
        """Weigh samples no more, if that was tried: a mistake that weighs them in one block does so in all."""
        self._weighing = not self._weighed

    def fits(self, mistake: Mistake, block: int) -> Iterator[Fit]:
        """Variants of a mistake that reproduce the claim for a block."""
        here, *elsewhere = (list(mistake.variants(view.context, block)) for view in self.views)
        others = [{variant.detail: variant for variant in variants} for variants in elsewhere]
        for variant in here:
            if all(variant.detail in other for other in others):
                found = self.fit(block, [variant, *(other[variant.detail] for other in others)])
                if found is not None and self.believed(found, DIAGNOSIS.chance):
                    yield found

    def moves(self, mistake: Mistake, block: int) -> list[list[Permutation]]:
        """Variants of a mistake that permute entries, at each point."""
        here, *elsewhere = (
            [v for v in mistake.variants(view.context, block) if isinstance(v, Permutation)] for view in self.views
        )
        others = [{variant.detail: variant for variant in variants} for variants in elsewhere]
        return [
            [variant, *(other[variant.detail] for other in others)]
            for variant in here
            if all(variant.detail in other for other in others)
        ]

    def identity(self, block: int) -> Fit | None:
        """The claim as a constant times the right gradient."""
        found = self.fit(block, [Permutation("", block, np.asarray)] * len(self.views))
        return found if found is not None and self.believed(found, DIAGNOSIS.chance_of_constant) else None

    def believed(self, found: Fit, chance: float) -> bool:
        """Whether a fit could hardly be met by chance, and tells points apart that are as near as these are.

        Between near points a factor that depends on the point changes little: that it is a constant has to be known
        more sharply.
        """
        near = self._distance < 1.0 and found.granted > DIAGNOSIS.drift * self._distance
        return found.chance <= chance and not near

    def _row(self, view: Measurements, claim: Array, along: Array, slope: Slope) -> Row:
        return row_of(view, claim, along, slope, DIAGNOSIS.tolerance_most * self._distance**2)

    def together(self, blocks: Sequence[int]) -> Fit | None:
        """The claims for several blocks as one constant times the right gradient."""
        rows = []
        for view in self.views:
            some = []
            for moved, value, error in view.together(blocks):
                each = [self._row(view, view.claim[b], along, Slope(along, value, error)) for b, along in moved.items()]
                norm = math.hypot(*(row.norm for row in each))
                tolerance = math.hypot(*(row.tolerance for row in each))
                some.append(Row(sum(row.claimed for row in each), value, error, norm, tolerance))
            rows.append(some)
        return fit(rows) if len(rows) > 1 and all(rows) else None

    def fit(self, block: int, variants: Sequence[Variant]) -> Fit | None:
        """Whether a variant, given for each point, reproduces the claim."""
        first = variants[0]
        pairs = list(zip(self.views, variants, strict=True))
        if isinstance(first, ExactArray):
            return self._known(block, [(view, v) for view, v in pairs if isinstance(v, ExactArray)])
        if isinstance(first, AdditiveTerm):
            return self._added(block, [(view, v) for view, v in pairs if isinstance(v, AdditiveTerm)])
        if isinstance(first, Rounded):
            return self._rounded(block, first)
        if isinstance(first, ChangedSamples):
            return self._changed(block, first)
        rows = []
        for view, variant in pairs:
            rows.append(list(self._rows(view, block, variant)))
            if not rows[-1] or fit([rows[-1], rows[-1]]) is None:  # wrong at this point already: measure no more
                return None
        return fit(rows, first.detail) if len(rows) > 1 or self._alone(block) else None

    def _alone(self, block: int) -> bool:
        """Whether there is only one point, but the block has more than one entry to compare."""
        return len(self.views) == 1 and self.subject.blocks[block].size > 1

    def _rows(self, view: Measurements, block: int, variant: Variant) -> Iterator[Row]:
        claim = view.claim[block]
        if isinstance(variant, Permutation):
            for slope in view.slopes(variant.source):
                yield self._row(view, claim, (variant.inverse_adjoint or variant.transform)(slope.along), slope)
        elif isinstance(variant, LinearMap):
            if variant.in_range(claim):
                for along in view.directions(block):
                    turned = view.slope(variant.source, variant.adjoint(along))
                    if turned is not None:
                        yield self._row(view, claim, along, turned)
        elif isinstance(variant, RightGradient):
            for slope in view.slopes(block):
                yield self._row(view, variant.array, slope.along, slope)
        elif isinstance(variant, OtherLoss):
            for along in view.directions(block):
                other = view.slope(block, along, variant.loss)
                if other is not None:
                    yield self._row(view, claim, along, other)
        elif isinstance(variant, SampleWeights):
            yield from self._weighted(view, block, variant)

    def _weighted(self, view: Measurements, block: int, variant: SampleWeights) -> Iterator[Row]:
        n = self.subject.samples
        if not (1 < n <= DIAGNOSIS.most_samples and self._weighing):
            return
        samples = self._samples(view)
        if samples is None:
            return
        singles, losses, share = samples
        weights = variant.weights(losses)
        if not np.isfinite(weights).all():
            return
        for row in view.samples(block, singles):
            self._weighed = True
            value = share * sum(w * slope.value for w, slope in zip(weights, row, strict=True))
            error = share * sum(abs(w) * slope.error for w, slope in zip(weights, row, strict=True))
            yield self._row(view, view.claim[block], row[0].along, Slope(row[0].along, value, error))

    def _samples(self, view: Measurements) -> tuple[list[Subject], Array, float] | None:
        """The samples one by one, their losses at a point, and their share in the loss; None where that fails."""
        n = self.subject.samples
        singles = [single for i in range(n) if (single := self.subject.restricted(slice(i, i + 1))) is not None]
        try:
            losses = np.array([single.loss(self.subject.space.copy(view.prober.data.point)) for single in singles])
        except Exception as failure:
            pass_on_signal(failure)
            return None
        total = view.prober.data.value
        same = (s for s in (1.0 / n, 1.0) if abs(s * losses.sum() - total) <= DIAGNOSIS.sum_match * abs(total))
        share = next(same, None)
        return None if share is None or len(singles) < n else (singles, losses, share)

    def _changed(self, block: int, variant: ChangedSamples) -> Fit | None:
        """The constant ε with which a change of each sample's loss explains the gap.

        The change depends on ε itself: little where ε is small beside the probabilities. It is found there first, and
        made precise where the gap is clearest.
        """
        known = self._epsilons.get(variant.detail)
        if self.subject.samples > DIAGNOSIS.most_changed or (known is None and self.subject.blocks[block].size < 2):
            return None  # with one number, any ε looks right
        changes = [_Change(view, block, variant, samples) for view in self.views if (samples := self._samples(view))]
        lines = [(change, slope) for change in changes for slope in change.view.slopes(block)]
        clear = [line for line in lines if line[0].clearness(line[1]) > DIAGNOSIS.clear_addition]
        if len(changes) < len(self.views) or not clear:
            return None
        last = _epsilon_of(clear) if known is None else known
        if last is None:
            return None
        rows = [[change.row(slope, last) for slope in change.view.slopes(block)] for change in changes]
        measured = [[row for row in some if row is not None] for some in rows]
        found = fit(measured, variant.detail) if all(measured) else None
        if found is None or abs(found.factor - last) > DIAGNOSIS.same_change * abs(last) + found.error:
            return None
        self._epsilons[variant.detail] = last  # the same in all blocks: it is not sought again
        return _clear_addition(replace(found, own=True), measured, fitted=known is None)

    def _known(self, block: int, pairs: Sequence[tuple[Measurements, ExactArray]]) -> Fit | None:
        claims = np.concatenate([view.claim[block].ravel().astype(np.float64) for view, _ in pairs])
        known = np.concatenate([variant.array.ravel().astype(np.float64) for _, variant in pairs])
        if not known.any():
            zero = not claims.any()
            return Fit(pairs[0][1].detail, 1.0, 0.0, 0.0, 0.0, 0.0) if zero else None
        factor = float(claims @ known / (known @ known))
        largest = float(np.abs(claims).max())
        met = max(DIAGNOSIS.exact, DIAGNOSIS.narrow_roundings * float(np.finfo(pairs[0][0].claim[block].dtype).eps))
        left = np.abs(claims - factor * known)
        if factor == 0 or not largest > 0 or not float(left.max()) <= met * largest:
            return None
        error = 2 * met * largest / float(np.abs(known).max())
        most = int(np.abs(claims).argmax())
        chance = met ** (claims.size - (abs(factor - 1.0) > error))
        remainder = float(left.max()) / largest
        return Fit(pairs[0][1].detail, factor, error, claims[most], factor * known[most], remainder, chance=chance)

    def _added(self, block: int, pairs: Sequence[tuple[Measurements, AdditiveTerm]]) -> Fit | None:
        rows = []
        for view, variant in pairs:
            some = []
            for slope in view.slopes(block):
                whole = self._row(view, view.claim[block], slope.along, slope)
                extra = variant.sign * float((variant.term * slope.along).sum())
                size = float(np.linalg.norm((variant.term * slope.along).ravel()))
                tolerance = whole.tolerance + DIAGNOSIS.bars * slope.error
                some.append(Row(whole.claimed - slope.value, extra, 0.0, size, tolerance))
            rows.append(some)
        if self.subject.blocks[block].size < 2 or not all(rows):
            return None
        found = fit(rows, pairs[0][1].detail)
        return _clear_addition(found, rows) if found is not None and found.factor > 0 else None

    def _rounded(self, block: int, variant: Rounded) -> Fit | None:
        rows = []
        for view in self.views:
            claim = view.claim[block]
            if not np.array_equal(claim.astype(variant.dtype).astype(claim.dtype), claim):
                return None
            eps = DIAGNOSIS.narrow_roundings * float(np.finfo(variant.dtype).eps)
            rows.append(
                [
                    Row(r.claimed, r.expected, r.error, r.norm, r.tolerance + eps * r.norm)
                    for r in (self._row(view, claim, slope.along, slope) for slope in view.slopes(block))
                ]
            )
        found = fit(rows, variant.detail)
        return found if found is not None and found.plain else None


class _Change:
    """A change of each sample's loss at one point, against the gap between claim and slopes.

    Parameters
    ----------
    view : Measurements
    block : int
    variant : ChangedSamples
    samples : tuple
        The samples one by one, their losses, and their share in the loss.
    """

    def __init__(
        self, view: Measurements, block: int, variant: ChangedSamples, samples: tuple[list[Subject], Array, float]
    ) -> None:
        self.view, self._block, self._variant = view, block, variant
        self._singles, losses, self._share = samples
        self.largest = float(losses.max())

    def gap(self, slope: Slope) -> float:
        """What the claim exceeds a slope by."""
        return self.view.contribution(self.view.claim[self._block], slope.along)[0] - slope.value

    def tolerance(self, slope: Slope) -> float:
        """How far that may be off by error bar and rounding: what is tolerated may be all of it."""
        claim = self.view.claim[self._block]
        norm = self.view.contribution(claim, slope.along)[1]
        return DIAGNOSIS.bars * slope.error + DIAGNOSIS.own_roundings * float(np.finfo(claim.dtype).eps) * norm

    def clearness(self, slope: Slope) -> float:
        """The gap in units of that."""
        tolerance = self.tolerance(slope)
        return abs(self.gap(slope)) / tolerance if tolerance > 0 else math.inf

    def solved(self, slope: Slope, epsilon: float) -> float | None:
        """The ε with which the change explains the gap along one direction, by the secant method; None without one."""
        gap, before = self.gap(slope), None
        for _ in range(DIAGNOSIS.changes):
            row = self.row(slope, epsilon)
            if row is None or not row.expected:
                return None
            here = (epsilon, epsilon * row.expected - gap)
            if before is None or here[1] == before[1]:
                following = epsilon * (1 + DIAGNOSIS.change_step)
            else:
                following = epsilon - here[1] * (epsilon - before[0]) / (here[1] - before[1])
            if abs(following - epsilon) <= DIAGNOSIS.same_change * abs(following):
                return following
            before, epsilon = here, following
        return None

    def row(self, slope: Slope, epsilon: float) -> Row | None:
        """The gap, and the slope of what is added to the loss; None where that cannot be measured."""
        space = self.view.prober.subject.space

        def added(point: Point) -> float:
            losses = np.array([single.loss(space.copy(point)) for single in self._singles])
            return self._share * float(self._variant.added(losses, epsilon).sum())

        found = self.view.slope(self._block, slope.along, added)
        if found is None:
            return None
        return Row(self.gap(slope), found.value, found.error, abs(found.value), self.tolerance(slope))


def _epsilon_of(lines: Sequence[tuple[_Change, Slope]]) -> float | None:
    """The ε with which a change explains the gaps along some lines; None if they do not even have a sign in common."""
    least = min(change.largest for change, _ in lines)
    gentle = sorted((line for line in lines if line[0].largest == least), key=lambda line: -line[0].clearness(line[1]))
    ratios = []
    for change, slope in gentle[:2]:
        row = change.row(slope, 0.0)
        if row is None or not row.expected:
            return None
        ratios.append(row.claimed / row.expected)
    if not 1 / DIAGNOSIS.alike < ratios[0] / ratios[-1] < DIAGNOSIS.alike:
        return None
    epsilon = gentle[0][0].solved(gentle[0][1], ratios[0])
    clearest = max(lines, key=lambda line: line[0].clearness(line[1]))
    return clearest[0].solved(clearest[1], epsilon) if epsilon is not None else None


def _clear_addition(found: Fit, rows: Sequence[Sequence[Row]], *, fitted: bool = True) -> Fit | None:
    """A fit of what is added to the right gradient, if that is far above what each slope may be off by.

    A constant that was fitted, and not known before, uses up one slope. What is added has a shape of its own, unlike a
    factor, so that near points tell it as well.
    """
    flat = list(itertools.chain.from_iterable(rows))
    parts = sorted(row.tolerance / (abs(found.factor) * row.norm) for row in flat if row.norm > 0)
    if len(parts) < len(flat) or DIAGNOSIS.clear_addition * parts[-1] >= 1:
        return None
    return replace(found, chance=math.prod(parts[:-1] if fitted else parts), granted=0.0)


def row_of(view: Measurements, claim: Array, along: Array, slope: Slope, most: float = DIAGNOSIS.tolerance_most) -> Row:
    """The slope that an array gives along a direction, beside the measured one; `most` bounds what is tolerated."""
    claimed, norm = view.contribution(claim, along)
    rounding = DIAGNOSIS.own_roundings * float(np.finfo(claim.dtype).eps)
    granted = DIAGNOSIS.tolerance_part * min(view.prober.data.rtol, most)
    return Row(claimed, slope.value, slope.error, norm, (rounding + granted + view.accuracy) * norm)
