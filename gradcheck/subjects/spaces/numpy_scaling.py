"""Typical sizes of NumPy parameters, and the first-order effect of each entry on the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.powers import times_power_of_two
from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.subjects.spaces.space import BlockScaling

Array = NDArray[Any]


def scaling_of(
    point: Sequence[Array],
    claim: Sequence[Array],
    visible: float,
    known: Sequence[BlockScaling] | None = None,
    noise_visible: float = 0.0,
) -> tuple[BlockScaling, ...]:
    """Scaling of each block, see `gradcheck.subjects.spaces.space.Space.scaling`."""
    if known is None:
        sizes = _typical_sizes(point, claim, visible, max(noise_visible, visible))
    else:
        sizes = [scaling.size for scaling in known]
    found = []
    for g, size in zip(claim, sizes, strict=True):
        slope = np.abs(g)
        effect = slope * size
        small = small_of(effect, relevance(g)[0])
        largest_effect, largest_slope = (float(values.max(initial=0.0)) for values in (effect, slope))
        found.append(BlockScaling(size, effect, small, largest_effect, _median(slope), largest_slope))
    return tuple(found)


def _typical_sizes(point: Sequence[Array], claim: Sequence[Array], visible: float, noise_visible: float) -> list[Array]:
    """How far each entry can be expected to move before the loss changes its character.

    That is the median size of those entries of its block that show when they move by their own size. It is not so far
    that the entry alone would change the loss much more than others do and than is visible (its unit is smaller then),
    and at least its own size. Where the claim is zero nothing is known of the unit, and the entry's own size serves;
    see `enlarged_scaling`. A block of zeros, or of parameters so small that nothing is seen of the loss when they move
    by their own size, is taken to be as large as the largest other block; if all are, as large as 1. Parameters that
    have a size of their own are taken to be no larger than it takes to see them.
    """
    own_sizes = [np.abs(x) for x in point]
    own_effects = [size * np.abs(g) for size, g in zip(own_sizes, claim, strict=True)]
    medians, effects = [], []
    for own, own_effect in zip(own_sizes, own_effects, strict=True):
        shown = own_effect >= visible
        medians.append(_median(own[shown] if own_effect.any() else own))
        effects.append(_median(own_effect[shown]))
    fallback = max(medians) or 1.0
    known = [effect for effect in effects if effect > 0]
    usual = max(sorted(known)[len(known) // 2], visible) if known else 0.0
    found = []
    for own, g, median, effect in zip(own_sizes, claim, medians, effects, strict=True):
        reach = np.full(own.shape, median or fallback, dtype=own.dtype)
        enough = effect or (min(usual, noise_visible) if own.any() else usual)
        if enough:
            with np.errstate(divide="ignore", over="ignore"):
                reach = np.minimum(reach, (SPACES.reach * enough / np.abs(g)).astype(own.dtype))
        if median:
            reach = np.where((g == 0) & (own > 0), 0.0, reach)
        found.append(np.maximum(own, reach))
    return found


def enlarged_scaling(
    claim: Sequence[Array], scaling: Sequence[BlockScaling], *, by_block: bool
) -> tuple[BlockScaling | None, ...]:
    """Scaling with typical sizes for small unclaimed entries, see `gradcheck.subjects.spaces.space.Space.enlarged`."""
    if all(g.all() for g in claim):
        return (None,) * len(scaling)
    medians = [_median(block.size[block.effect > 0]) for block in scaling]
    overall = max(medians, default=0.0) or 1.0
    found: list[BlockScaling | None] = []
    for g, block, median in zip(claim, scaling, medians, strict=True):
        typical = median if by_block else overall
        small = (g == 0) & (block.size < SPACES.far_below * typical)
        size = np.where(small, typical, block.size).astype(block.size.dtype)
        found.append(replace(block, size=size) if small.any() else None)
    return tuple(found)


def relevance(claim: Array) -> tuple[float, float]:
    """The parts of the median that small entries count for at least, and that an entry is judged by at least."""
    bits = np.finfo(claim.dtype).nmant
    return next((small, judged) for least, small, judged in SPACES.relevance if bits >= least)


def small_of(effects: Array, part: float) -> float:
    """Effect of the small entries: a low quantile, but no less than a part of the median; 0 where all are zero."""
    flat = _sizeable(effects)
    if flat.size == 0:
        return 0.0
    low, middle = int(SPACES.small_quantile * flat.size), flat.size // 2
    flat = np.partition(flat, (low, middle))
    return float(max(flat[low], part * flat[middle]))


def norm_of(array: Array) -> float:
    """Euclidean norm in double precision, also of entries whose squares are too large or too small for it."""
    values = np.asarray(array, dtype=np.float64).ravel()
    norm = float(np.linalg.norm(values))
    if SPACES.plain_norm[0] < norm < SPACES.plain_norm[1] or math.isnan(norm):
        return norm
    largest = float(np.abs(values).max(initial=0.0))
    if not 0 < largest < math.inf:
        return largest
    _, exponent = math.frexp(largest)
    return times_power_of_two(float(np.linalg.norm(np.ldexp(values, -exponent))), exponent)


def _median(sizes: Array) -> float:
    """Median of the non-zero entries; 0 where there is none."""
    flat = _sizeable(sizes)
    return float(np.partition(flat, flat.size // 2)[flat.size // 2]) if flat.size else 0.0


def _sizeable(sizes: Array) -> Array:
    """A sample of the entries that are not zero; what cancelled up to rounding is zero.

    Of a large array with few such entries all are looked at: a sample of the array might miss them.
    """
    flat = sizes.ravel()
    if flat.size > SPACES.sample:
        found = _above_rounding(_spaced(flat))
        if found.size >= SPACES.sample_least:
            return found
        flat = _spaced(flat[flat != 0])
    return _above_rounding(flat)


def _spaced(flat: Array) -> Array:
    """Entries at equal distances, about as many as a sample has; all of a small array."""
    return flat[:: max(1, flat.size // SPACES.sample)]


def _above_rounding(flat: Array) -> Array:
    found: Array = flat[flat > SPACES.cancelled_roundings * np.finfo(flat.dtype).eps * flat.max(initial=0.0)]
    return found
