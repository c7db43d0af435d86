"""Parameters in NumPy arrays: the first member of `Space`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.spaces import numpy_direction, numpy_scaling
from gradcheck.subjects.spaces.numpy_direction import NumpyDirection
from gradcheck.subjects.spaces.numpy_scaling import norm_of
from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.subjects.spaces.space import Band, BlockScaling, EntryRange, Interval, Part, Parts, Space

Array = NDArray[Any]
Point = tuple[Array, ...]


class NumpySpace(Space):
    """One NumPy array of floats a block. The methods are documented in `Space`."""

    # -- values -----------------------------------------------------------------------------------------------------

    def copy(self, vector: Point) -> Point:  # noqa: D102
        return tuple(x.copy() for x in vector)

    def times_power(self, vector: Point, exponent: int) -> Point:  # noqa: D102
        return tuple(np.asarray(np.ldexp(x, exponent), dtype=x.dtype) for x in vector)

    def host(self, array: Array) -> Array:  # noqa: D102
        return np.array(array)

    def entry(self, array: Array, index: tuple[int, ...]) -> float:  # noqa: D102
        return float(array[index])

    def norm(self, array: Array) -> float:  # noqa: D102
        return norm_of(array)

    def difference(self, one: Array, other: Array) -> float:  # noqa: D102
        return norm_of(one - other)

    def largest(self, array: Array) -> float:  # noqa: D102
        return float(np.abs(array).max(initial=0.0))

    def is_zero(self, array: Array) -> bool:  # noqa: D102
        return not array.any()

    def not_finite(self, array: Array) -> tuple[int, tuple[int, ...]] | None:  # noqa: D102
        bad = ~np.isfinite(array)
        if not bad.any():
            return None
        return int(bad.sum()), tuple(int(i) for i in np.argwhere(bad)[0])

    # -- types ------------------------------------------------------------------------------------------------------

    def mantissa(self, array: Array) -> int:  # noqa: D102
        return int(np.finfo(array.dtype).nmant)

    def epsilon(self, array: Array) -> float:  # noqa: D102
        return float(np.finfo(array.dtype).eps)

    def least_change(self, array: Array, index: tuple[int, ...]) -> float:  # noqa: D102
        value = array[index]
        return float(max(SPACES.least_spacings * np.spacing(np.abs(value)), np.finfo(value.dtype).tiny ** 0.5))

    def has_few_bits(self, array: Array, bits: int) -> bool:  # noqa: D102
        mantissas, _ = np.frexp(array.astype(np.float64))
        scaled = np.ldexp(mantissas, bits)
        return bool((scaled == np.rint(scaled)).all())

    # -- scaling ----------------------------------------------------------------------------------------------------

    def scaling(  # noqa: D102
        self,
        point: Point,
        claim: Point,
        visible: float,
        known: Sequence[BlockScaling] | None = None,
        noise_visible: float = 0.0,
    ) -> tuple[BlockScaling, ...]:
        return numpy_scaling.scaling_of(point, claim, visible, known, noise_visible)

    def enlarged(  # noqa: D102
        self, claim: Point, scaling: Sequence[BlockScaling], *, by_block: bool
    ) -> tuple[BlockScaling | None, ...]:
        return numpy_scaling.enlarged_scaling(claim, scaling, by_block=by_block)

    def bands(self, scaling: BlockScaling, fractions: Sequence[float]) -> list[Band]:  # noqa: D102
        effects = scaling.effect
        median = float(np.median(effects[effects > 0])) if effects.any() else 0.0
        edges = [median * fraction for fraction in fractions]
        largest = float(effects.max(initial=0.0))
        while 0 < SPACES.band_width * edges[-1] < largest:
            edges.append(SPACES.band_width * edges[-1])
        return [Band(low, high) for low, high in pairwise((*edges, np.inf))]

    def selects(self, scaling: BlockScaling, part: Part) -> bool:  # noqa: D102
        return bool(numpy_direction.selected(scaling, part).any())

    def judged_slope(self, claim: Array, scaling: BlockScaling) -> float:  # noqa: D102
        return numpy_scaling.relevance(claim)[1] * scaling.typical_slope

    # -- directions and steps ---------------------------------------------------------------------------------------

    def draw(  # noqa: D102
        self,
        point: Point,
        claim: Point,
        scaling: Sequence[BlockScaling],
        *,
        floor: float,
        zero: Sequence[bool],
        bits: int,
        rng: np.random.Generator,
        parts: Parts,
    ) -> NumpyDirection:
        return numpy_direction.draw(point, claim, scaling, floor=floor, zero=zero, bits=bits, rng=rng, parts=parts)

    def unit(  # noqa: D102
        self,
        point: Point,
        claim: Point,
        scaling: Sequence[BlockScaling],
        block: int,
        index: tuple[int, ...],
        *,
        bits: int,
        rng: np.random.Generator,
    ) -> tuple[NumpyDirection, float]:
        return numpy_direction.unit(point, claim, scaling, block, index, bits=bits, rng=rng)

    def part_of(  # noqa: D102
        self,
        direction: Any,
        block: int,
        part: Part,
        point: Point,
        claim: Point,
        scaling: Sequence[BlockScaling],
        *,
        bits: int,
        rng: np.random.Generator,
    ) -> NumpyDirection:
        if isinstance(part, Band):
            weights = numpy_direction.selected(scaling[block], part).astype(np.float64)
        else:
            weights = numpy_direction.weights_of(part, point[block].shape, rng)
        return numpy_direction.part_of(direction, block, weights, point, claim, scaling, bits=bits)

    def effects(self, gradient: Array, scaling: BlockScaling) -> Array:  # noqa: D102
        return np.asarray(np.multiply(gradient, scaling.size, dtype=np.float64))

    def inner(self, one: Array, other: Array) -> float:  # noqa: D102
        return float(np.multiply(one, other, dtype=np.float64).sum())

    def combined(self, arrays: Sequence[Array], weights: Sequence[float]) -> Array:  # noqa: D102
        total = np.zeros(arrays[0].shape)
        for array, weight in zip(arrays, weights, strict=True):
            total += weight * array
        return total

    def along(  # noqa: D102
        self, effects: Mapping[int, Array], point: Point, claim: Point, scaling: Sequence[BlockScaling], *, bits: int
    ) -> NumpyDirection:
        return numpy_direction.along(effects, point, claim, scaling, bits=bits)

    def given(self, moved: Mapping[int, Array], point: Point) -> NumpyDirection:  # noqa: D102
        arrays: list[Array | None] = [None] * len(point)
        for block, array in moved.items():
            arrays[block] = array.astype(point[block].dtype)
        return NumpyDirection(tuple(arrays), (None,) * len(arrays), 0.0)

    def array(self, direction: Any, block: int) -> Array:  # noqa: D102
        found: Array | None = direction.arrays[block]
        assert found is not None, "the direction does not move this block"
        return found

    def step(self, point: Point, direction: Any, step: float) -> Point:  # noqa: D102
        return tuple(
            x.copy() if v is None else np.asarray(x + np.multiply(v, step, dtype=x.dtype))
            for x, v in zip(point, direction.arrays, strict=True)
        )

    def dot(self, gradient: Point, direction: Any) -> float:  # noqa: D102
        return sum(
            float(np.multiply(g, v, dtype=np.float64).sum())
            for g, v in zip(gradient, direction.arrays, strict=True)
            if v is not None
        )

    def moved(self, direction: Any) -> list[int]:  # noqa: D102
        return [b for b, v in enumerate(direction.arrays) if v is not None]

    def located(  # noqa: D102
        self, ramp: Any, whole: Any, block: int, interval: Interval, ratio: float, slack: float
    ) -> Interval | None:
        inside = slice(interval.low, interval.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = ramp.arrays[block].ravel()[inside] / whole.arrays[block].ravel()[inside]
            near = np.flatnonzero(np.abs(ratios - ratio) <= slack)
        if near.size == 0:
            return None
        return Interval(interval.low + int(near[0]), interval.low + int(near[-1]) + 1)

    # -- other points -----------------------------------------------------------------------------------------------

    def random_shift(  # noqa: D102
        self, scaling: Sequence[BlockScaling], rng: np.random.Generator, least: float | None = None
    ) -> Point:
        shift = []
        for size in (block.size for block in scaling):
            if least is None:
                shift.append(size * rng.standard_normal(size.shape))
            else:
                random = rng.uniform(-1.0, 1.0, size.shape)
                shift.append(size * np.copysign(least + (1 - least) * np.abs(random), random))
        return tuple(shift)

    def generic_shift(  # noqa: D102
        self, point: Point, scaling: Sequence[BlockScaling], rng: np.random.Generator, least: float
    ) -> Point:
        shift = self.random_shift(scaling, rng, least)
        return tuple(
            np.where(x == 0, d, np.copysign(np.abs(x), d) * np.abs(d) / block.size)
            for x, d, block in zip(point, shift, scaling, strict=True)
        )

    def unit_shift(self, point: Point, rng: np.random.Generator) -> Point:  # noqa: D102
        shifts = []
        for x in point:
            d = np.asarray(rng.standard_normal(x.shape) * np.maximum(1.0, np.median(np.abs(x)) if x.size else 1.0))
            one_sign = x.size and (np.all(x > 0) or np.all(x < 0))
            shifts.append(np.asarray(np.copysign(x + d, x) - x) if one_sign else d)
        return tuple(shifts)

    def displaced(self, point: Point, shift: Point, distance: float) -> Point:  # noqa: D102
        return tuple(np.asarray(x + (distance * d).astype(x.dtype)) for x, d in zip(point, shift, strict=True))

    def jittered(self, point: Point, claim: Point, roundings: float, rng: np.random.Generator) -> Point:  # noqa: D102
        moved = []
        for x, g in zip(point, claim, strict=True):
            part = roundings * float(np.finfo(g.dtype).eps)
            moved.append(np.asarray(x * (1 + part * rng.uniform(-1.0, 1.0, x.shape)).astype(x.dtype)))
        return tuple(moved)

    def entry_range(self) -> NumpyEntryRange:  # noqa: D102
        return NumpyEntryRange()


class NumpyEntryRange(EntryRange):
    """Gradients of one block in double precision. The methods are documented in `EntryRange`."""

    def __init__(self) -> None:
        self._gradients: list[NDArray[np.float64]] = []

    @property
    def count(self) -> int:  # noqa: D102
        return len(self._gradients)

    def add(self, gradient: Array) -> bool:  # noqa: D102
        if not np.isfinite(gradient).all():
            return False
        self._gradients.append(np.asarray(gradient, dtype=np.float64))
        return True

    def outside(self, claim: Array, rtol: float) -> list[tuple[tuple[int, ...], float]]:  # noqa: D102
        claimed = np.asarray(claim, dtype=np.float64)
        low, high = np.min(self._gradients, axis=0), np.max(self._gradients, axis=0)
        sizes = np.maximum(np.abs(low), np.abs(high))
        slack = SPACES.range_slack * rtol * np.maximum(sizes, float(np.median(sizes)))
        rows = np.argwhere((claimed < low - slack) | (claimed > high + slack))
        indices = [tuple(int(i) for i in row) for row in rows]
        return [(index, float(slack[index])) for index in indices]

    def values(self, index: tuple[int, ...]) -> list[float]:  # noqa: D102
        return [float(gradient[index]) for gradient in self._gradients]


NUMPY = NumpySpace()
