"""Parts of a vector that are wrong in one way each: parameters of several arrays that are packed into one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.fit import Row, row_of
from gradcheck.diagnosis.measurements import Measurements
from gradcheck.diagnosis.settings import DIAGNOSIS


@dataclass(frozen=True, slots=True)
class Run:
    """Successive entries of a vector whose claim is one multiple of the gradient, as far as one direction shows.

    Attributes
    ----------
    low, high : int
        The first entry, and the one behind the last.
    right : bool
        Whether the multiple is 1.
    """

    low: int
    high: int
    right: bool

    @property
    def length(self) -> int:
        """Number of entries."""
        return self.high - self.low


def runs_of(view: Measurements, block: int) -> list[Run]:
    """The runs of a vector, in order; empty if there is only one, or if they are too many or cannot be measured.

    Each run is followed by doubling its length, then by bisection. Where nothing can be followed, the entries up to the
    last right ones are taken as one run: they are wrong in another way.
    """
    size = view.prober.subject.blocks[block].size
    found: list[Run] = []
    low = 0
    end: int | None = None
    while low < size:
        if len(found) >= DIAGNOSIS.most_runs or view.prober.evaluator.left < DIAGNOSIS.range_left:
            return []
        follower = _Follower(view, block, low)
        high = follower.followed()
        if high is None:
            return []
        if high - low < min(DIAGNOSIS.least_run, size - low) and not follower.right:
            end = end if end is not None else _end_of_the_wrong(view, block, low)
            if end is None:
                return []
            high = max(end, high)
        if (
            found
            and not found[-1].right
            and not follower.right
            and found[-1].high - found[-1].low < DIAGNOSIS.least_run
        ):
            found[-1] = Run(found[-1].low, high, right=False)
        else:
            found.append(Run(low, high, follower.right))
        low = high
    return found if len(found) > 1 else []


class _Follower:
    """Follows one multiple of the gradient from an entry on.

    Parameters
    ----------
    view : Measurements
    block : int
    low : int
        The entry.
    backwards : bool
        Whether entries before it are followed, and it is behind the first of them.
    """

    def __init__(self, view: Measurements, block: int, low: int, *, backwards: bool = False) -> None:
        self._view, self._block, self._low, self._backwards = view, block, low, backwards
        size = view.prober.subject.blocks[block].size
        self._most = low if backwards else size - low
        self._row: Row | None = None

    @property
    def right(self) -> bool:
        """Whether the multiple is 1."""
        return self._row is not None and self._fits(self._row, 1.0)

    def followed(self, factor: float | None = None) -> int | None:
        """The entry up to which one multiple holds; None where a slope cannot be measured."""
        good, bad, length = 0, self._most + 1, min(2, self._most)
        multiple = factor
        while bad - good > 1:
            row = self._measured(length)
            if row is None:
                return None
            if multiple is None:
                multiple = row.claimed / row.expected if row.expected else 1.0
                if self._fits(row, 1.0):
                    multiple = 1.0
            if self._fits(row, multiple):
                good, self._row = length, row
                if multiple not in (0.0, 1.0) and factor is None:
                    multiple = row.claimed / row.expected
            else:
                bad = length
            length = min(2 * good, self._most) if bad > self._most and good else (good + bad) // 2
        return self._low - good if self._backwards else self._low + good

    def _measured(self, length: int) -> Row | None:
        low = self._low - length if self._backwards else self._low
        directions = self._view.directions(self._block)
        if not directions:
            return None
        along = directions[0]
        part = np.zeros_like(along)
        part[low : low + length] = along[low : low + length]
        slope = self._view.slope(self._block, part)
        return None if slope is None else row_of(self._view, self._view.claim[self._block], part, slope)

    @staticmethod
    def _fits(row: Row, multiple: float) -> bool:
        limit = DIAGNOSIS.pattern_clearness * max(1.0, abs(multiple)) * row.error + row.tolerance
        return abs(row.claimed - multiple * row.expected) <= limit


def _end_of_the_wrong(view: Measurements, block: int, low: int) -> int | None:
    """The entry behind the last wrong one."""
    size = view.prober.subject.blocks[block].size
    found = _Follower(view, block, size, backwards=True).followed(1.0)
    return None if found is None else max(found, low + 1)
