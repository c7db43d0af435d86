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

from gradcheck.probes.scaling import Terrain, relevant, small_among
from gradcheck.subjects.subject import Point

Array = NDArray[Any]

#: Magnitudes are drawn between these two.
LEAST, MOST = 0.5, 1.0

#: Bits of a mantissa from which on entries are judged by their own size, and so by what the largest leaves in them.
SINGLE = 20

#: An entry of a gradient is taken to have been rounded so many times.
ROUNDINGS = 3.0


@dataclass(frozen=True, slots=True)
class Share:
    """What one block contributes to the slope along a direction.

    Attributes
    ----------
    slope : float
        Sum of the contributions g_i·v_i.
    norm : float
        Root of the sum of their squares.
    small : float
        The least |g_i·v_i| of any entry that is not smaller than the small entries of the block.
    rounding : float
        How far the claimed slope may be off because the claim is rounded to its type.
    zero : bool
        Whether the claim is zero as far as the loss could tell.
    """

    slope: float
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


def draw(
    point: Point,
    claim: Point,
    terrain: Sequence[Terrain],
    *,
    floor: float,
    zero: Sequence[bool],
    bits: int,
    rng: np.random.Generator,
    masks: Sequence[Array | bool] | None = None,
) -> Direction:
    """Draw a direction.

    Parameters
    ----------
    point, claim : tuple of ndarray
        Where, and the gradient claimed there.
    terrain : sequence of Terrain
        Of each block.
    floor : float
        Contributions g_i·v_i are not made smaller than this: the noise would drown them.
    zero : sequence of bool
        Which blocks are zero, or no more than rounding.
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
    lows = [_small(t, g, mask) for t, g, mask in zip(terrain, claim, chosen, strict=True)]
    level = max(floor, min((low for low, null in zip(lows, zero, strict=True) if low > 0 and not null), default=0.0))
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Share | None] = [None] * len(point)
    for b, (x, g, t, low, mask) in enumerate(zip(point, claim, terrain, lows, chosen, strict=True)):
        if mask is False:
            continue
        random = rng.uniform(-1.0, 1.0, size=x.shape)
        v = t.scale * np.copysign(LEAST + (MOST - LEAST) * np.abs(random), random)
        if level > 0 and low > 0:
            v *= np.minimum(1.0, level / np.maximum(t.weight, low))
        v = _on_grid(np.asarray(v, dtype=x.dtype), x, bits)
        if mask is not True:
            v = v * mask
        arrays[b] = v
        small = LEAST * (min(low, level) if level > 0 else low)
        shares[b] = _share(g, v, t, small, zero=zero[b])
    return Direction(tuple(arrays), sum(share.slope for share in shares if share is not None), tuple(shares))


def _small(terrain: Terrain, claim: Array, mask: Array | bool) -> float:
    if mask is True or mask is False:
        return terrain.small if mask else 0.0
    return small_among(terrain.weight[mask], relevant(claim)[0])


def _share(claim: Array, v: Array, terrain: Terrain, small: float, *, zero: bool) -> Share:
    """What a block contributes. An entry of its gradient may be a sum of terms of the size of the other entries."""
    contributions = np.multiply(claim, v, dtype=np.float64).ravel()
    norm = math.sqrt(float(contributions @ contributions))
    flat = v.ravel().astype(np.float64, copy=False)
    other = terrain.greatest if np.finfo(claim.dtype).nmant >= SINGLE else terrain.typical
    terms = math.hypot(norm, other * math.sqrt(float(flat @ flat)))
    rounding = ROUNDINGS * float(np.finfo(claim.dtype).eps) * terms
    return Share(float(contributions.sum()), norm, small, rounding, zero)


def unit(
    point: Point,
    claim: Point,
    terrain: Sequence[Terrain],
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
    v[index] = terrain[block].scale[index] * rng.uniform(LEAST, MOST)
    arrays[block] = v = _on_grid(v, point[block], bits)
    slope = float(claim[block][index]) * float(v[index])
    shares[block] = _share(claim[block], v, terrain[block], abs(slope), zero=slope == 0.0)
    return Direction(tuple(arrays), slope, tuple(shares))


def weighted(
    direction: Direction,
    block: int,
    weights: Array,
    point: Point,
    claim: Point,
    terrain: Sequence[Terrain],
    *,
    bits: int,
) -> Direction:
    """One block of a direction, each entry of it times a weight between 0 and 1."""
    whole, share = direction.arrays[block], direction.shares[block]
    assert whole is not None
    assert share is not None
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Share | None] = [None] * len(point)
    v = _on_grid(np.asarray(whole * weights, dtype=whole.dtype), point[block], bits)
    arrays[block] = v
    shares[block] = found = _share(claim[block], v, terrain[block], share.small, zero=share.zero)
    return Direction(tuple(arrays), found.slope, tuple(shares))


def _on_grid(v: Array, x: Array, bits: int) -> Array:
    """Round v so that x + t·v is exact for all t = k·2^-bits up to 1, wherever v is long enough for that.

    Then the step that is taken is the step that is divided by.
    """
    size = np.abs(v)
    grid = np.spacing(np.abs(x) + size)
    grid *= 2.0**bits
    rounded = np.rint(v / grid)
    rounded *= grid
    grid *= 16
    return np.where(size < grid, v, rounded).astype(v.dtype, copy=False)
