"""Typical sizes of NumPy parameters, and the first-order effect of each entry on the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.subjects.spaces.space import BlockScaling

Array = NDArray[Any]


def scaling_of(
    point: Sequence[Array], claim: Sequence[Array], visible: float, known: Sequence[BlockScaling] | None = None
) -> tuple[BlockScaling, ...]:
    """Scaling of each block, see `gradcheck.subjects.spaces.space.Space.scaling`."""
    sizes = _typical_sizes(point, claim, visible) if known is None else [scaling.size for scaling in known]
    found = []
    for g, size in zip(claim, sizes, strict=True):
        slope = np.abs(g)
        effect = slope * size
        small = small_of(effect, relevance(g)[0])
        largest_effect, largest_slope = (float(values.max(initial=0.0)) for values in (effect, slope))
        found.append(BlockScaling(size, effect, small, largest_effect, _median(slope), largest_slope))
    return tuple(found)


def _typical_sizes(point: Sequence[Array], claim: Sequence[Array], visible: float) -> list[Array]:
    """How far each entry can be expected to move before the loss changes its character.

    That is the median size of its block, but not so far that the entry alone would change the loss much more than
    others do and than is visible (its unit is smaller then), and at least its own size. Where the claim is zero nothing
    is known of the unit, and the entry's own size serves. A block of zeros is taken to be as large as the largest other
    block; if all are zero, as large as 1.
    """
    own_sizes = [np.abs(x) for x in point]
    medians = [_median(size) for size in own_sizes]
    fallback = max(medians) or 1.0
    effects = [_median(size * np.abs(g)) for size, g in zip(own_sizes, claim, strict=True)]
    known = [effect for effect in effects if effect > 0]
    usual = max(sorted(known)[len(known) // 2], visible) if known else 0.0
    found = []
    for own, g, median, effect in zip(own_sizes, claim, medians, effects, strict=True):
        reach = np.full(own.shape, median or fallback, dtype=own.dtype)
        if effect or usual:
            with np.errstate(divide="ignore", over="ignore"):
                reach = np.minimum(reach, (SPACES.reach * (effect or usual) / np.abs(g)).astype(own.dtype))
        if median:
            reach = np.where((g == 0) & (own > 0), 0.0, reach)
        found.append(np.maximum(own, reach))
    return found


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


def _median(sizes: Array) -> float:
    """Median of the non-zero entries; 0 where there is none."""
    flat = _sizeable(sizes)
    return float(np.partition(flat, flat.size // 2)[flat.size // 2]) if flat.size else 0.0


def _sizeable(sizes: Array) -> Array:
    """A sample of the entries that are not zero; what cancelled up to rounding is zero."""
    flat = sizes.ravel()
    if flat.size > SPACES.sample:
        flat = flat[:: flat.size // SPACES.sample]
    rest: Array = flat[flat > SPACES.cancelled_roundings * np.finfo(flat.dtype).eps * flat.max(initial=0.0)]
    return rest
