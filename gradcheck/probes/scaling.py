"""What each entry of a point can be expected to do: how far it may move, and how much it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Point

Array = NDArray[Any]

#: The small entries of a block are at the 1% quantile of the non-zero ones, but no less than a part of the median: a
#: check need not be sharper than for these. Whether an error that was seen matters is judged on the entry's own size,
#: but no less than another part of the median. Both by the bits of the mantissa of the claim: in a narrow type an entry
#: is off by the rounding of terms larger than itself.
SMALL = 0.01
RELEVANT = ((50, 1e-2, 1e-3), (20, 0.3, 0.3), (0, 1.0, 1.0))

#: An entry of so many roundings of the largest is what is left of a sum that is zero.
REMAINDER = 8.0

#: A quantile needs no more entries than this.
SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Terrain:
    """One block at one point.

    Attributes
    ----------
    scale : ndarray
        How far each entry can be expected to move before the loss changes its character.
    weight : ndarray
        What moving it so far does to the loss, to first order.
    small : float
        Weight of the small entries, see `RELEVANT`.
    largest : float
        The largest weight.
    typical, greatest : float
        Median of the non-zero sizes of the claim's entries, and the largest.
    """

    scale: Array
    weight: Array
    small: float
    largest: float
    typical: float
    greatest: float


def terrain_of(point: Point, claim: Point, least: float, scales: Sequence[Array] | None = None) -> tuple[Terrain, ...]:
    """Terrain of each block, from the parameters and the gradient claimed there; the scales unless they are known.

    `least` is a change of the loss that its rounding lets be seen.
    """
    found = []
    for g, scale in zip(claim, _scales(point, claim, least) if scales is None else scales, strict=True):
        size = np.abs(g)
        weight = size * scale
        small = small_among(weight, relevant(g)[0])
        largest, greatest = (float(sizes.max(initial=0.0)) for sizes in (weight, size))
        found.append(Terrain(scale, weight, small, largest, _typical(size), greatest))
    return tuple(found)


def _scales(point: Point, claim: Point, least: float) -> Sequence[Array]:
    """How far each entry can be expected to move before the loss changes its character.

    That is the typical size of its block, but not so far that it alone would change the loss much more than others do
    and than can be seen (then it is measured in a smaller unit), and at least its own size. Where the claim is zero
    nothing is known about the unit, and its own size it is. A block of zeros is taken to be as large as the largest
    other block; if all are zero, 1.
    """
    sizes = [np.abs(x) for x in point]
    typical = [_typical(size) for size in sizes]
    fallback = max(typical) or 1.0
    effects = [_typical(size * np.abs(g)) for size, g in zip(sizes, claim, strict=True)]
    known = [effect for effect in effects if effect > 0]
    usual = max(sorted(known)[len(known) // 2], least) if known else 0.0
    found = []
    for own, g, size, effect in zip(sizes, claim, typical, effects, strict=True):
        reach = np.full(own.shape, size or fallback, dtype=own.dtype)
        if effect or usual:
            with np.errstate(divide="ignore", over="ignore"):
                reach = np.minimum(reach, (8.0 * (effect or usual) / np.abs(g)).astype(own.dtype))
        if size:
            reach = np.where((g == 0) & (own > 0), 0.0, reach)
        found.append(np.maximum(own, reach))
    return found


def _typical(sizes: Array) -> float:
    """Median of the non-zero ones; 0 where there is none."""
    flat = _sample(sizes)
    return float(np.partition(flat, flat.size // 2)[flat.size // 2]) if flat.size else 0.0


def _sample(sizes: Array) -> Array:
    """The non-zero ones, or a sample of them: a quantile needs no more. What cancelled up to rounding is zero."""
    flat = sizes.ravel()
    if flat.size > SAMPLE:
        flat = flat[:: flat.size // SAMPLE]
    rest: Array = flat[flat > REMAINDER * np.finfo(flat.dtype).eps * flat.max(initial=0.0)]
    return rest


def relevant(claim: Array) -> tuple[float, float]:
    """The parts of the median that stand for small entries, and that an entry is judged by at least."""
    return next((small, judged) for bits, small, judged in RELEVANT if np.finfo(claim.dtype).nmant >= bits)


def small_among(sizes: Array, part: float) -> float:
    """Size of the small entries; 0 where all are zero. See `RELEVANT`."""
    flat = _sample(sizes)
    if flat.size == 0:
        return 0.0
    low, middle = int(SMALL * flat.size), flat.size // 2
    flat = np.partition(flat, (low, middle))
    return float(max(flat[low], part * flat[middle]))
