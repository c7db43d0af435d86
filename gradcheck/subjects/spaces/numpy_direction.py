"""Random directions through NumPy parameters.

A direction v has random signs and random magnitudes. Where entries of the gradient differ by orders of magnitude, the
large ones move less, so that every entry contributes about the same to the slope g·v, and an error in a small entry
shows as well as one in a large entry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.spaces.numpy_scaling import norm_of, relevance, small_of
from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.subjects.spaces.space import Band, BlockScaling, Contribution, Interval, Part, Parts, Ramp

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class NumpyDirection:
    """A direction as one array a block; None for a block that does not move.

    Attributes
    ----------
    arrays : tuple of ndarray or None
    contributions : tuple of Contribution or None
    slope : float
        The claimed slope.
    """

    arrays: tuple[Array | None, ...]
    contributions: tuple[Contribution | None, ...]
    slope: float

    @property
    def length(self) -> float:
        """Euclidean length."""
        return math.hypot(*(norm_of(v) for v in self.arrays if v is not None))


def draw(
    point: Sequence[Array],
    claim: Sequence[Array],
    scaling: Sequence[BlockScaling],
    *,
    floor: float,
    zero: Sequence[bool],
    bits: int,
    rng: np.random.Generator,
    parts: Parts,
) -> NumpyDirection:
    """Draw a direction, see `gradcheck.subjects.spaces.space.Space.draw`."""
    least, most = SPACES.magnitudes
    masks = {b: None if part is None else selected(scaling[b], part) for b, part in parts.items()}
    lows = {b: _small(scaling[b], claim[b], mask) for b, mask in masks.items()}
    level = max(floor, min((low for b, low in lows.items() if low > 0 and not zero[b]), default=0.0))
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Contribution | None] = [None] * len(point)
    for b in sorted(parts):
        x, low, mask = point[b], lows[b], masks[b]
        random = rng.uniform(-1.0, 1.0, size=x.shape)
        v = scaling[b].size * np.copysign(least + (most - least) * np.abs(random), random)
        if level > 0 and low > 0:
            v *= np.minimum(1.0, level / np.maximum(scaling[b].effect, low))
        v = _on_grid(np.asarray(v, dtype=x.dtype), x, bits)
        if mask is not None:
            v = v * mask
        arrays[b] = v
        small = least * (min(low, level) if level > 0 else low)
        shares[b] = _contribution(claim[b], v, scaling[b], small, zero=zero[b])
    return NumpyDirection(tuple(arrays), tuple(shares), sum(share.slope for share in shares if share is not None))


def _small(scaling: BlockScaling, claim: Array, mask: Array | None) -> float:
    return scaling.small_effect if mask is None else small_of(scaling.effect[mask], relevance(claim)[0])


def unit(
    point: Sequence[Array],
    claim: Sequence[Array],
    scaling: Sequence[BlockScaling],
    block: int,
    index: tuple[int, ...],
    *,
    bits: int,
    rng: np.random.Generator,
) -> tuple[NumpyDirection, float]:
    """A direction along one entry, of random length up to its typical size; and that length."""
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Contribution | None] = [None] * len(point)
    v = np.zeros_like(point[block])
    v[index] = scaling[block].size[index] * rng.uniform(*SPACES.magnitudes)
    arrays[block] = v = _on_grid(v, point[block], bits)
    length = float(v[index])
    slope = float(claim[block][index]) * length
    shares[block] = _contribution(claim[block], v, scaling[block], abs(slope), zero=slope == 0.0)
    return NumpyDirection(tuple(arrays), tuple(shares), slope), length


def along(
    effects: Mapping[int, Array],
    point: Sequence[Array],
    claim: Sequence[Array],
    scaling: Sequence[BlockScaling],
    *,
    bits: int,
) -> NumpyDirection:
    """A direction in proportion to effects, see `gradcheck.subjects.spaces.space.Space.along`."""
    largest = max(float(np.abs(effect).max(initial=0.0)) for effect in effects.values())
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Contribution | None] = [None] * len(point)
    for b, effect in effects.items():
        x = point[b]
        arrays[b] = v = _on_grid(np.asarray(scaling[b].size * (effect / largest), dtype=x.dtype), x, bits)
        share = _contribution(claim[b], v, scaling[b], 0.0, zero=False)
        shares[b] = replace(share, small=abs(share.slope), zero=share.slope == 0.0)
    return NumpyDirection(tuple(arrays), tuple(shares), sum(share.slope for share in shares if share is not None))


def part_of(
    direction: NumpyDirection,
    block: int,
    weights: Array,
    point: Sequence[Array],
    claim: Sequence[Array],
    scaling: Sequence[BlockScaling],
    *,
    bits: int,
) -> NumpyDirection:
    """One block of a direction, each of its entries times a weight between 0 and 1."""
    whole, share = direction.arrays[block], direction.contributions[block]
    assert whole is not None
    assert share is not None
    arrays: list[Array | None] = [None] * len(point)
    shares: list[Contribution | None] = [None] * len(point)
    arrays[block] = v = _on_grid(np.asarray(whole * weights, dtype=whole.dtype), point[block], bits)
    shares[block] = found = _contribution(claim[block], v, scaling[block], share.small, zero=share.zero)
    return NumpyDirection(tuple(arrays), tuple(shares), found.slope)


def weights_of(part: Part, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Weight of each entry of a block in a part that does not depend on effects."""
    weights = np.zeros(shape)
    match part:
        case Interval(low, high):
            weights.ravel()[low:high] = 1.0
        case Ramp(low, high, first, last):
            weights.ravel()[low:high] = np.linspace(first, last, high - low)
        case Band():
            raise TypeError("a Band selects entries by their effect: use selected(scaling, part) instead of weights_of")
        case _:
            weights = (rng.random(weights.size) < part.share).astype(np.float64).reshape(shape)
    return weights


def selected(scaling: BlockScaling, part: Part) -> Array:
    """Which entries of a block a part selects, as a mask."""
    match part:
        case Band(low, high):
            return np.asarray((scaling.effect >= low) & (scaling.effect < high))
        case Interval(low, high):
            mask = np.zeros(scaling.effect.shape, dtype=bool)
            mask.ravel()[low:high] = True
            return mask
        case _:
            raise TypeError(f"a direction is drawn along intervals and bands, not along {part}")


def _contribution(claim: Array, v: Array, scaling: BlockScaling, small: float, *, zero: bool) -> Contribution:
    """What a block contributes. An entry of its gradient may be a sum of terms of the size of the other entries."""
    contributions = np.multiply(claim, v, dtype=np.float64).ravel()
    norm = norm_of(contributions)
    precise = np.finfo(claim.dtype).nmant >= SPACES.own_size_bits
    other = scaling.largest_slope if precise else scaling.typical_slope
    length = norm_of(v)
    terms = math.hypot(norm, other * length)
    rounding = SPACES.claim_roundings * float(np.finfo(claim.dtype).eps) * terms
    return Contribution(float(contributions.sum()), norm, small, rounding, zero, length)


def _on_grid(v: Array, x: Array, bits: int) -> Array:
    """Round v so that x + t·v is exact for all t = k·2^-bits up to 1, wherever v is long enough for that.

    Then the step that is taken is the step that is divided by.
    """
    size = np.abs(v)
    grid = np.spacing(np.abs(x) + size)
    grid *= 2.0**bits
    rounded = np.rint(v / grid)
    rounded *= grid
    grid *= SPACES.exact_headroom
    return np.where(size < grid, v, rounded).astype(v.dtype, copy=False)
