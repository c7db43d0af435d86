"""What the numerics need of parameters: a small interface, so that nothing above it indexes an array.

Probes, verdicts and diagnosis see a loss as a function of one real number along a direction. Everything that they need
to know of the parameters themselves goes through a `Space`: step along a direction, dot products, norms and typical
sizes of blocks, random directions, entries by index, and the precision of a type. Arrays are passed through as opaque
values and stay where they are, on a device or in a narrow type. Only the diagnosis of a wrong block asks for copies of
claims and directions as NumPy arrays (`host`, `array`, `given`), for a mistake is a transformation of an array.

A `Direction` is drawn from a generator. A space may keep the arrays, or the state of the generator alone and draw the
arrays again, block by block, whenever they are needed: nobody outside the space reads them.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

#: One array a block, of whatever kind the space knows.
Vector = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """Entries from `low` to below `high` of a block, in the order of its entries."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Ramp:
    """Entries of an interval, each times a weight that grows evenly from `first` to `last`."""

    low: int
    high: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Band:
    """Entries whose first-order effect on the loss is at least `low` and below `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RandomPart:
    """Entries drawn at random, each with the probability `share`."""

    share: float


Part = Interval | Ramp | Band | RandomPart

#: Which blocks move; None moves the whole block.
Parts = Mapping[int, Part | None]


@dataclass(frozen=True, slots=True)
class BlockScaling:
    """Typical sizes in one block at one point (Dennis and Schnabel, 1983, section 7.1), and what they do to the loss.

    Attributes
    ----------
    size : array
        Typical size of each entry: how far it can be expected to move before the loss changes its character.
    effect : array
        First-order change of the loss when the entry moves by its typical size.
    small_effect, largest_effect : float
        Effect of the small entries of the block, see `SpaceSettings.small_quantile`, and the largest effect.
    typical_slope, largest_slope : float
        Median of the non-zero magnitudes of the claimed gradient's entries, and the largest.
    """

    size: Any
    effect: Any
    small_effect: float
    largest_effect: float
    typical_slope: float
    largest_slope: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one block contributes to the claimed slope along a direction.

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
        Whether the claim is zero, as far as the loss can show.
    length : float
        Euclidean length of what moves.
    """

    slope: float
    norm: float
    small: float
    rounding: float
    zero: bool
    length: float


class Direction(Protocol):
    """A direction v through a point, with what each block contributes to the claimed slope g·v along it."""

    @property
    def contributions(self) -> tuple[Contribution | None, ...]:
        """One a block; None for a block that does not move."""

    @property
    def slope(self) -> float:
        """The claimed slope, g·v."""

    @property
    def length(self) -> float:
        """Euclidean length."""


@dataclass(frozen=True, slots=True)
class ClaimedSlope:
    """The slope that a claimed gradient gives along a direction.

    Attributes
    ----------
    value : float
        g·v.
    rounding : float
        How far it may be off because the claim is rounded to its type.
    norm : float
        Root of the sum of squares of what every entry contributes.
    small : float
        What one small entry contributes: the least over all blocks that are not zero; 0 if all are.
    """

    value: float
    rounding: float
    norm: float
    small: float


def claimed_slope(direction: Direction) -> ClaimedSlope:
    """The claimed slope along a direction, from what its blocks contribute."""
    shares = [share for share in direction.contributions if share is not None]
    return ClaimedSlope(
        direction.slope,
        math.hypot(*(share.rounding for share in shares)),
        math.hypot(*(share.norm for share in shares)),
        min((share.small for share in shares if not share.zero), default=0.0),
    )


class EntryRange(abc.ABC):
    """Entrywise least and greatest of several gradients of one block."""

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How many gradients it holds."""

    @abc.abstractmethod
    def add(self, gradient: Any) -> bool:
        """Take in one more gradient; False, and nothing happens, if it is not finite."""

    @abc.abstractmethod
    def outside(self, claim: Any, rtol: float) -> list[tuple[tuple[int, ...], float]]:
        """Indices at which a claim lies outside the range by more than a slack, and the slack there."""

    @abc.abstractmethod
    def values(self, index: tuple[int, ...]) -> list[float]:
        """The values of one entry, in the order in which the gradients came."""


class Space(abc.ABC):
    """Operations on parameters and gradients, both given as one array a block.

    Random draws come from a `numpy.random.Generator`, in the order of the calls, so that a seed repeats a check. A
    space with arrays elsewhere seeds its own generator from it.
    """

    # -- values -----------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def copy(self, vector: Vector) -> Vector:
        """The same in arrays of its own."""

    @abc.abstractmethod
    def times_power(self, vector: Vector, exponent: int) -> Vector:
        """The vector times ``2**exponent``, in arrays of their own types."""

    @abc.abstractmethod
    def host(self, array: Any) -> NDArray[Any]:
        """A block as a NumPy array of its own: what a mistake of the catalogue is fitted to."""

    @abc.abstractmethod
    def entry(self, array: Any, index: tuple[int, ...]) -> float:
        """One entry of a block."""

    @abc.abstractmethod
    def norm(self, array: Any) -> float:
        """Euclidean norm of a block, in double precision."""

    @abc.abstractmethod
    def difference(self, one: Any, other: Any) -> float:
        """Euclidean norm of the difference of two arrays of a block, in their own precision."""

    @abc.abstractmethod
    def largest(self, array: Any) -> float:
        """The largest magnitude of an entry; 0 for none, and NaN if one is NaN."""

    @abc.abstractmethod
    def is_zero(self, array: Any) -> bool:
        """Whether every entry of a block is zero."""

    @abc.abstractmethod
    def not_finite(self, array: Any) -> tuple[int, tuple[int, ...]] | None:
        """How many entries are NaN or infinite, and the index of the first; None if all are finite."""

    # -- types ------------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def mantissa(self, array: Any) -> int:
        """Bits of the mantissa of the type of an array, without the leading one."""

    @abc.abstractmethod
    def epsilon(self, array: Any) -> float:
        """Distance from 1 to the next number of the type of an array."""

    def smallest(self, array: Any) -> float:
        """The smallest positive number that the type of an array can hold."""
        return float(np.finfo(self.host(array).dtype).smallest_subnormal)

    @abc.abstractmethod
    def least_change(self, array: Any, index: tuple[int, ...]) -> float:
        """Nearly the least by which an entry can be changed: a factor of order 1 must not round the change to zero."""

    @abc.abstractmethod
    def has_few_bits(self, array: Any, bits: int) -> bool:
        """Whether the mantissas of all entries end in zeros after so many bits.

        Numbers of a narrower type do, and what is left of sums that cancel; what a formula gives has all of its bits.
        """

    # -- scaling ----------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def scaling(
        self,
        point: Vector,
        claim: Vector,
        visible: float,
        known: Sequence[BlockScaling] | None = None,
        noise_visible: float = 0.0,
    ) -> tuple[BlockScaling, ...]:
        """Typical sizes and effects of each block.

        Parameters
        ----------
        point, claim : tuple of array
            Where, and the gradient claimed there.
        visible : float
            A change of the loss that its rounding does not hide.
        known : sequence of BlockScaling, optional
            Of another point, whose typical sizes are to be used here as well.
        noise_visible : float
            A change of the loss that its noise does not hide, where that is known and larger than its rounding.
        """

    @abc.abstractmethod
    def enlarged(
        self, claim: Vector, scaling: Sequence[BlockScaling], *, by_block: bool
    ) -> tuple[BlockScaling | None, ...]:
        """The scaling of each block with typical sizes for entries whose claim is zero and whose size is far smaller.

        Parameters
        ----------
        claim : tuple of array
        scaling : sequence of BlockScaling
        by_block : bool
            Whether the typical size is that of the entry's own block, or the largest of any block.

        Returns
        -------
        tuple of BlockScaling or None
            None for a block without such entries.
        """

    @abc.abstractmethod
    def bands(self, scaling: BlockScaling, fractions: Sequence[float]) -> list[Band]:
        """Bands of effects between these fractions of the median effect, and as many wider ones as there are above."""

    @abc.abstractmethod
    def selects(self, scaling: BlockScaling, part: Part) -> bool:
        """Whether a part of a block has any entries."""

    @abc.abstractmethod
    def judged_slope(self, claim: Any, scaling: BlockScaling) -> float:
        """The least magnitude by which an entry of a claim is judged, see `SpaceSettings.relevance`."""

    # -- directions and steps ---------------------------------------------------------------------------------------

    @abc.abstractmethod
    def draw(
        self,
        point: Vector,
        claim: Vector,
        scaling: Sequence[BlockScaling],
        *,
        floor: float,
        zero: Sequence[bool],
        bits: int,
        rng: Any,
        parts: Parts,
    ) -> Direction:
        """Draw a random direction along which every entry matters about equally.

        Parameters
        ----------
        point, claim : tuple of array
        scaling : sequence of BlockScaling
        floor : float
            Contributions g_i·v_i are not made smaller than this, for the noise would hide them.
        zero : sequence of bool
            Which blocks have a claim of zero.
        bits : int
            Steps down to 2^-bits are to be exact.
        rng : numpy.random.Generator
        parts : mapping of int to Part or None
            The blocks that move, and which part of each.
        """

    @abc.abstractmethod
    def unit(
        self,
        point: Vector,
        claim: Vector,
        scaling: Sequence[BlockScaling],
        block: int,
        index: tuple[int, ...],
        *,
        bits: int,
        rng: Any,
    ) -> tuple[Direction, float]:
        """A direction along one entry, of random length up to its typical size; and that length, with its sign."""

    @abc.abstractmethod
    def part_of(
        self,
        direction: Direction,
        block: int,
        part: Part,
        point: Vector,
        claim: Vector,
        scaling: Sequence[BlockScaling],
        *,
        bits: int,
        rng: Any,
    ) -> Direction:
        """One block of a direction, each entry times its weight in a part."""

    @abc.abstractmethod
    def effects(self, gradient: Any, scaling: BlockScaling) -> Any:
        """What each entry of a gradient of one block changes the loss by, when it moves by its typical size."""

    @abc.abstractmethod
    def inner(self, one: Any, other: Any) -> float:
        """Sum of the products of the entries of two arrays of a block, in double precision."""

    @abc.abstractmethod
    def combined(self, arrays: Sequence[Any], weights: Sequence[float]) -> Any:
        """Weighted sum of arrays of one block."""

    @abc.abstractmethod
    def along(
        self,
        effects: Mapping[int, Any],
        point: Vector,
        claim: Vector,
        scaling: Sequence[BlockScaling],
        *,
        bits: int,
    ) -> Direction:
        """A direction that moves each entry in proportion to an effect, the largest by its typical size."""

    @abc.abstractmethod
    def given(self, moved: Mapping[int, NDArray[Any]], point: Vector) -> Direction:
        """A direction made of given NumPy arrays, one for each block that moves, with no claimed slope."""

    @abc.abstractmethod
    def array(self, direction: Direction, block: int) -> NDArray[Any]:
        """The NumPy array of a block that a direction moves: what a mistake of the catalogue is applied to."""

    @abc.abstractmethod
    def step(self, point: Vector, direction: Direction, step: float) -> Vector:
        """The point ``point + step·v``, in arrays of its own."""

    @abc.abstractmethod
    def dot(self, gradient: Vector, direction: Direction) -> float:
        """The slope that a gradient gives along a direction."""

    @abc.abstractmethod
    def moved(self, direction: Direction) -> list[int]:
        """Indices of the blocks that a direction moves."""

    @abc.abstractmethod
    def located(
        self, ramp: Direction, whole: Direction, block: int, interval: Interval, ratio: float, slack: float
    ) -> Interval | None:
        """Where in an interval the entries of two directions have a ratio, up to a slack; None if nowhere."""

    # -- other points -----------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def random_shift(self, scaling: Sequence[BlockScaling], rng: Any, least: float | None = None) -> Vector:
        """A random displacement by typical sizes: normal, or of magnitude between `least` and 1 with random sign."""

    @abc.abstractmethod
    def generic_shift(self, point: Vector, scaling: Sequence[BlockScaling], rng: Any, least: float) -> Vector:
        """A random displacement that, taken a third as far, keeps signs: parameters may have to stay positive."""

    @abc.abstractmethod
    def unit_shift(self, point: Vector, rng: Any) -> Vector:
        """A normal displacement on the scale of 1, or of the median size of a block where that is larger.

        A block whose entries all have one sign keeps it: rates, variances and probabilities are positive.
        """

    @abc.abstractmethod
    def displaced(self, point: Vector, shift: Vector, distance: float) -> Vector:
        """The point ``point + distance·shift``."""

    @abc.abstractmethod
    def jittered(self, point: Vector, claim: Vector, roundings: float, rng: Any) -> Vector:
        """The point with every entry changed by up to so many roundings of the claim's type."""

    @abc.abstractmethod
    def entry_range(self) -> EntryRange:
        """An empty range of gradients of one block."""
