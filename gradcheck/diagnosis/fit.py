"""Fits mistakes to claims: does a mistake, committed on the measured gradient, reproduce the claim?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.measurements import Measurements, Slope
from gradcheck.diagnosis.mistakes.mistake import (
    AdditiveTerm,
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
from gradcheck.subjects.subject import Subject

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
    """

    detail: str
    factor: float
    error: float
    claimed: float
    expected: float
    left: float
    bar: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether no constant is needed."""
        return abs(self.factor - 1.0) <= self.error


def fit(rows: Sequence[Sequence[Row]], detail: str = "") -> Fit | None:
    """The constant that turns the expected slopes into the claimed ones, from rows of each point; None without one."""
    telling = [[row for row in some if row.error <= DIAGNOSIS.telling * row.norm] for some in rows]
    flat = list(itertools.chain.from_iterable(telling))
    if len(flat) < 2 or not all(telling):
        return None
    weights = [1.0 / row.norm**2 for row in flat]
    bottom = sum(w * row.expected**2 for w, row in zip(weights, flat, strict=True))
    if not bottom > 0:
        return None
    factor = sum(w * row.expected * row.claimed for w, row in zip(weights, flat, strict=True)) / bottom
    if factor == 0 or not math.isfinite(factor):
        return None
    if any(DIAGNOSIS.bars * abs(factor) * row.error > DIAGNOSIS.telling * row.norm for row in flat):
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
    return Fit(detail, factor, error, row.claimed, factor * row.expected, left, bar)


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
                if found is not None:
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
        return self.fit(block, [Permutation("", block, np.asarray)] * len(self.views))

    def together(self, blocks: Sequence[int]) -> Fit | None:
        """The claims for several blocks as one constant times the right gradient."""
        rows = []
        for view in self.views:
            some = []
            for moved, value, error in view.together(blocks):
                each = [_row(view, view.claim[b], along, Slope(along, value, error)) for b, along in moved.items()]
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
                yield _row(view, claim, (variant.inverse_adjoint or variant.transform)(slope.along), slope)
        elif isinstance(variant, LinearMap):
            if variant.in_range(claim):
                for along in view.directions(block):
                    turned = view.slope(variant.source, variant.adjoint(along))
                    if turned is not None:
                        yield _row(view, claim, along, turned)
        elif isinstance(variant, RightGradient):
            for slope in view.slopes(block):
                yield _row(view, variant.array, slope.along, slope)
        elif isinstance(variant, OtherLoss):
            for along in view.directions(block):
                other = view.slope(block, along, variant.loss)
                if other is not None:
                    yield _row(view, claim, along, other)
        elif isinstance(variant, SampleWeights):
            yield from self._weighted(view, block, variant)

    def _weighted(self, view: Measurements, block: int, variant: SampleWeights) -> Iterator[Row]:
        n = self.subject.samples
        if not (1 < n <= DIAGNOSIS.most_samples and self._weighing):
            return
        singles = [single for i in range(n) if (single := self.subject.restricted(slice(i, i + 1))) is not None]
        try:
            losses = np.array([single.loss(self.subject.space.copy(view.prober.data.point)) for single in singles])
        except Exception:
            return
        total = view.prober.data.value
        share = next(
            (s for s in (1.0 / n, 1.0) if abs(s * losses.sum() - total) <= DIAGNOSIS.sum_match * abs(total)), None
        )
        weights = variant.weights(losses)
        if share is None or len(singles) < n or not np.isfinite(weights).all():
            return
        for row in view.samples(block, singles):
            self._weighed = True
            value = share * sum(w * slope.value for w, slope in zip(weights, row, strict=True))
            error = share * sum(abs(w) * slope.error for w, slope in zip(weights, row, strict=True))
            yield _row(view, view.claim[block], row[0].along, Slope(row[0].along, value, error))

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
        return Fit(pairs[0][1].detail, factor, error, claims[most], factor * known[most], float(left.max()) / largest)

    def _added(self, block: int, pairs: Sequence[tuple[Measurements, AdditiveTerm]]) -> Fit | None:
        rows = []
        for view, variant in pairs:
            some = []
            for slope in view.slopes(block):
                whole = _row(view, view.claim[block], slope.along, slope)
                extra = variant.sign * float((variant.term * slope.along).sum())
                size = float(np.linalg.norm((variant.term * slope.along).ravel()))
                tolerance = whole.tolerance + DIAGNOSIS.bars * slope.error
                some.append(Row(whole.claimed - slope.value, extra, 0.0, size, tolerance))
            rows.append(some)
        if self.subject.blocks[block].size < 2 or not all(rows):
            return None
        found = fit(rows, pairs[0][1].detail)
        flat = list(itertools.chain.from_iterable(rows))
        if found is None or found.factor <= 0:
            return None
        clear = all(found.factor * row.norm > DIAGNOSIS.clear_addition * row.tolerance for row in flat)
        return found if clear else None

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
                    for r in (_row(view, claim, slope.along, slope) for slope in view.slopes(block))
                ]
            )
        found = fit(rows, variant.detail)
        return found if found is not None and found.plain else None


def _row(view: Measurements, claim: Array, along: Array, slope: Slope) -> Row:
    """The slope that an array gives along a direction, beside the measured one."""
    claimed, norm = view.contribution(claim, along)
    rounding = DIAGNOSIS.own_roundings * float(np.finfo(claim.dtype).eps) * norm
    return Row(
        claimed, slope.value, slope.error, norm, rounding + DIAGNOSIS.tolerance_part * view.prober.data.rtol * norm
    )
