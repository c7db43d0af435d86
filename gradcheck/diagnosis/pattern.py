"""Where the wrong entries of a block lie: a row, a column, a channel, all but the first sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.diagnosis.measurements import Measurements
from gradcheck.diagnosis.settings import DIAGNOSIS


@dataclass(frozen=True, slots=True)
class Slices:
    """The indices along one axis of a block at which its entries are wrong.

    Attributes
    ----------
    axis : int
    length : int
        Of that axis.
    wrong : tuple of int
    matrix : bool
        Whether the block has two axes, so that they are rows and columns.
    """

    axis: int
    length: int
    wrong: tuple[int, ...]
    matrix: bool

    @property
    def all_but_one(self) -> bool:
        """Whether only one index is right."""
        return len(self.wrong) == self.length - 1 and self.length > 2

    @property
    def telling(self) -> bool:
        """Whether these indices are a pattern: no more than half of them, or all but one."""
        return self.all_but_one or 0 < len(self.wrong) <= self.length // 2

    def __str__(self) -> str:
        wrong = " and ".join(map(str, self.wrong))
        (right, *_) = {*range(self.length)} - {*self.wrong} or {None}
        if self.matrix:
            name = ("row", "column")[self.axis]
            return f"in every {name} except {name} {right}" if self.all_but_one else f"in {name} {wrong} only"
        if self.all_but_one:
            return f"at every index of axis {self.axis} except {right}"
        return f"at index {wrong} of axis {self.axis} only"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of wrong entries: the slices that hold them, along one axis or several."""

    slices: tuple[Slices, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.slices))


def pattern_of(view: Measurements, block: int) -> Pattern | None:
    """The slices along each axis in which a block is wrong, by measuring them; None if it is wrong everywhere."""
    shape = view.prober.subject.blocks[block].shape
    found = []
    for axis, n in enumerate(shape):
        affordable = view.prober.evaluator.left >= n * DIAGNOSIS.pattern_cost + DIAGNOSIS.pattern_left
        if 2 <= n <= DIAGNOSIS.pattern_length and len(shape) > 1 and affordable:
            found.append(Slices(axis, n, tuple(_wrong(view, block, axis, n) or ()), len(shape) == 2))
    telling = tuple(slices for slices in found if slices.telling)
    return Pattern(telling) if telling else None


def pattern_among(indices: Sequence[tuple[int, ...]], shape: tuple[int, ...]) -> Pattern | None:
    """The same where all wrong entries are known: the slices that they fill."""
    for axis in range(len(shape) if len(shape) > 1 else 0):
        wrong = sorted({index[axis] for index in indices})
        each = math.prod(shape) // shape[axis]
        if each > 1 and len(indices) == len(wrong) * each:
            found = Slices(axis, shape[axis], tuple(wrong), len(shape) == 2)
            return Pattern((found,)) if found.telling else None
    return None


def _wrong(view: Measurements, block: int, axis: int, length: int) -> list[int] | None:
    """Indices along an axis at which claim and slope differ; None if one cannot be measured."""
    claim, wrong = view.claim[block], []
    for index in range(length):
        slope = view.slope_of_slice(block, axis, index)
        if slope is None:
            return None
        claimed, norm = view.contribution(claim, slope.along)
        gap = abs(claimed - slope.value)
        size = max(norm, abs(slope.value))
        if gap > DIAGNOSIS.pattern_clearness * slope.error + view.prober.data.rtol * size:
            wrong.append(index)
    return wrong
