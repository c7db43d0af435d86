"""Directions through a point: all that the checks need to know about arrays.

A direction v has random signs and random magnitudes. Where gradient entries differ by orders of magnitude, the large
ones
are moved less, so that every entry contributes about the same to the slope g·v and an error in a small one shows as
well
as an error in a large one. Random magnitudes, not only signs, because two equal errors would cancel for half of all
signs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subject import Point

Array = NDArray[Any]

#: Magnitudes are drawn between these two.
LEAST, MOST = 0.5, 1.0

#: The small entries of a block are at the 1% quantile of the non-zero ones, but no less than a part of the median: a
#: check need not be sharper than for these. Whether an error that was seen matters is judged on the entry's own size,
#: but no less than another part of the median. Both by the bits of the mantissa of the claim: in a narrow type an entry
#: is off by the rounding of terms larger than itself.
SMALL = 0.01
RELEVANT = ((50, 1e-2, 1e-3), (20, 0.3, 0.3), (0, 1.0, 1.0))

#: An entry of a gradient is taken to have been rounded so many times.
ROUNDINGS = 8.0

#: A quantile needs no more entries than this.
SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Share:
    """What one block contributes to the slope along a direction.

    Attributes
    ----------
    norm : float
        Root of the sum of the squared contributions g_i·v_i.
    small : float
        The least |g_i·v_i| of any entry that is not smaller than the small entries of the block.
    rounding : float
        How far the claimed slope may be off because the claim is rounded to its type.
    zero : bool
        Whether the claim is zero as far as the loss could tell.
    """

    norm: float
    small: float
    rounding: float
    zero: bool


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction and what each block contributes to the claimed slope along it."""

    arrays: tuple[Array | None, ...]
    slope: float
    shares: tuple[Share | None, ...]

    def from_point(self, point: Point, step: float) -> Point:
        """The point ``point + step·v``, in arrays of its own."""
        return tuple(
            x.copy() if v is None else np.asarray(x + np.multiply(v, step, dtype=x.dtype))
            for x, v in zip(point, self.arrays, strict=True)
        )

    @property
    def length(self) -> float:
        """Euclidean length."""
        return math.hypot(*(float(np.linalg.norm(v.ravel())) for v in self.arrays if v is not None))

    def dot(self, gradient: Point) -> float:
        """The slope that a gradient gives along this direction."""
        return sum(
            float(np.multiply(g, v, dtype=np.float64).sum())
            for g, v in zip(gradient, self.arrays, strict=True)
            if v is not None
        )


def scales(point: Point, claim: Point) -> tuple[Array, ...]:
    """How far each entry can be expected to move before the loss changes its character.

    That is the typical size of its block, but not so far that it alone would change the loss much more than others do
    (then it is measured in a smaller unit), and at least its own size. Where the claim is zero nothing is known about
    the unit, and its own size it is. A block of zeros is taken to be as large as the largest other block; if all are
    zero, 1.
    """
    typical = [_typical(np.abs(x)) for x in point]
    fallback = max(typical) or 1.0
    effects = [_typical(np.abs(x * g)) for x, g in zip(point, claim, strict=True)]
    known = [effect for effect in effects if effect > 0]
    usual = float(np.median(known)) if known else 0.0
    found = []
    for x, g, size, effect in zip(point, claim, typical, effects, strict=True):
        own = np.abs(x)
        reach = np.full(x.shape, size or fallback, dtype=x.dtype)
        if effect or usual:
            with np.errstate(divide="ignore", over="ignore"):
                reach = np.minimum(reach, (8.0 * (effect or usual) / np.abs(g)).astype(x.dtype))
        if size:
            reach = np.where((g == 0) & (own > 0), 0.0, reach)
        found.append(np.maximum(own, reach))
    return tuple(found)


def _typical(sizes: Array) -> float:
    """Median of the non-zero ones; 0 where there is none."""
    flat = _sample(sizes)
    return float(np.median(flat)) if flat.size else 0.0


def _sample(sizes: Array) -> Array:
    """The non-zero ones, or a sample of them: a quantile needs no more."""
    flat = sizes.ravel()
    if flat.size > SAMPLE:
        flat = flat[:: flat.size // SAMPLE]
    return flat[flat > 0]


def relevant(claim: Array) -> tuple[float, float]:
    """The parts of the median that stand for small entries, and that an entry is judged by at least."""
    return next((small, judged) for bits, small, judged in RELEVANT if np.finfo(claim.dtype).nmant >= bits)


def small_among(sizes: Array, part: float) -> float:
    """Size of the small entries; 0 where all are zero. See `RELEVANT`."""
    flat = _sample(sizes)
    if flat.size == 0:
        return 0.0
    flat = np.sort(flat)
    return float(max(flat[int(SMALL * flat.size)], part * flat[flat.size // 2]))


def draw(
    point: Point,
    claim: Point,
    scale: Sequence[Array],
    *,
    floor: float,
    negligible: float,
    bits: int,
    rng: np.random.Generator,
    masks: Sequence[Array | bool] | None = None,
) -> Direction:
    """Draw a direction.

    Parameters
    ----------
    point, claim : tuple of ndarray
        Where, and the gradient claimed there.
    scale : sequence of ndarray
        The largest displacement of each entry, see `scales`.
    floor : float
        Contributions g_i·v_i are not made smaller than this: the noise would drown them.
    negligible : float
        A block all of whose contributions are below this is zero as far as the loss can tell.
    bits : int
        Steps down to 2^-bits are to be taken exactly.
    rng : numpy.random.Generator
    masks : sequence of bool arrays, optional
        The entries to move; False leaves a whole block where it is.

    Returns
    -------
    Direction
    """
    chosen = [True] * len(point) if masks is None else list(masks)
    weights = [None if m is False else np.abs(g) * s for g, s, m in zip(claim, scale, chosen, strict=True)]
    lows = [
        0.0 if w is None else small_among(w if m is True else w[m], relevant(g)[0])
        for w, g, m in zip(weights, claim, chosen, strict=True)
    ]
    level = max(floor, min((low for low in lows if low > negligible), default=0.0))
    arrays: list[Array | None] = []
    shares: list[Share | None] = []
    slope = 0.0
    for x, g, s, w, low, mask in zip(point, claim, scale, weights, lows, chosen, strict=True):
        if w is None:
            arrays.append(None)
            shares.append(None)
            continue
        v = s * rng.uniform(LEAST, MOST, size=x.shape) * (1.0 - 2.0 * rng.integers(0, 2, size=x.shape))
        if level > 0 and low > 0:
            v *= np.minimum(1.0, level / np.maximum(w, low))
        v = _on_grid(np.asarray(v, dtype=x.dtype), x, bits)
        if mask is not True:
            v = v * mask
        arrays.append(v)
        contributions = np.multiply(g, v, dtype=np.float64)
        slope += float(contributions.sum())
        norm = float(np.linalg.norm(contributions.ravel()))
        small = LEAST * (min(low, level) if level > 0 else low)
        rounding = _rounding(g, v)
        shares.append(Share(norm, small, rounding, zero=float(w.max(initial=0.0)) <= negligible))
    return Direction(tuple(arrays), slope, tuple(shares))


def unit(
    point: Point,
    claim: Point,
    scale: Sequence[Array],
    block: int,
    index: tuple[int, ...],
    *,
    bits: int,
    rng: np.random.Generator,
) -> Direction:
    """The direction along one entry, of random length up to its scale."""
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Share | None] = [None] * len(point)
    v = np.zeros_like(point[block])
    v[index] = scale[block][index] * rng.uniform(LEAST, MOST)
    arrays[block] = v = _on_grid(v, point[block], bits)
    slope = float(claim[block][index]) * float(v[index])
    rounding = _rounding(claim[block], v)
    shares[block] = Share(abs(slope), abs(slope), rounding, zero=slope == 0.0)
    return Direction(tuple(arrays), slope, tuple(shares))


def _rounding(claim: Array, v: Array) -> float:
    """How far the slope g·v may be off because g was computed in its type.

    An entry is a sum of terms that may be larger than itself, of the size of the other entries, say.
    """
    sizes = np.maximum(np.abs(claim).astype(np.float64), _typical(np.abs(claim).astype(np.float64)))
    return ROUNDINGS * float(np.finfo(claim.dtype).eps) * float(np.linalg.norm((sizes * v).ravel()))


def _on_grid(v: Array, x: Array, bits: int) -> Array:
    """Round v so that x + t·v is exact for all t = k·2^-bits up to 1, wherever v is long enough for that.

    Then the step that is taken is the step that is divided by.
    """
    grid = np.ldexp(np.spacing(np.abs(x) + np.abs(v)), bits)
    rounded = np.rint(v / grid) * grid
    return np.where(np.abs(v) >= 16 * grid, rounded, v).astype(v.dtype, copy=False)
