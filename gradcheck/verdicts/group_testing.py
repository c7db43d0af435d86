"""All wrong entries of a large block, where they are few.

The slope is linear in the direction, so what a part of a direction is off by, and the rest of it, add up. Intervals of
entries are halved where they are off; and an interval in which one entry alone is wrong is narrowed at once: along a
direction that grows from entry to entry, the gap grows by the factor that its place has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.direction import Direction, weighted
from gradcheck.probes.line import Ray
from gradcheck.probes.point import Site
from gradcheck.probes.screening import FEW
from gradcheck.verdicts.bisection import Location, measure_entry

#: What the search may cost, what it leaves of the budget, and how many wrong entries are few.
COST, LEAVE, MOST = 480, 200, 16

#: Random parts of a block, of this share of its entries: if so many of them are off, it is not few that are wrong.
SHARE, PARTS = 1 / 32, 4

#: A gap is followed if it is so many times its bar.
CLEAR = 4.0

#: The factors between which a direction grows over an interval, and the share of it that narrowing has to reach.
RAMP, NARROWED = (0.25, 1.0), 0.25


@dataclass(frozen=True, slots=True)
class _Interval:
    """Entries from `low` to below `high`, in the order of the array, and what they are off by along the direction."""

    low: int
    high: int
    gap: float
    bar: float

    @property
    def clear(self) -> bool:
        return abs(self.gap) > CLEAR * self.bar


def every_wrong(site: Site, block: int, location: Location) -> Location:
    """Add all other wrong entries to a location, if they are few and the budget suffices; else it stays as it is."""
    if site.point[block].size <= FEW or site.effort.left < COST + LEAVE:
        return location
    quiet = replace(site, rng=site.rng.spawn(1)[0])
    quiet.bits, quiet.zero = site.bits, site.zero
    places = _Search(quiet, block).run()
    if places is None:
        return location
    shape = site.point[block].shape
    known = {entry.index: entry for entry in location.entries if entry.wrong}
    indices = [tuple(int(i) for i in np.unravel_index(place, shape)) for place in places]
    entries = [known.get(index) or measure_entry(quiet, block, index) for index in sorted({*indices, *known})]
    wrong = tuple(entry for entry in entries if entry.wrong)
    return replace(location, entries=wrong, listed=True)


class _Search:
    """One direction through a block, and intervals of it."""

    def __init__(self, site: Site, block: int) -> None:
        self.site, self.block, self.size = site, block, site.point[block].size
        self.end = site.effort.losses + COST
        self.whole: Direction = site.ray([b == block for b in range(len(site.point))]).direction

    def run(self) -> list[int] | None:
        """Places of the wrong entries in the flat block; None if they are too many or too hard to find."""
        if self._dense():
            return None
        found: list[int] = []
        queue = [self._look(0, self.size, None)]
        while queue:
            queue.sort(key=lambda interval: abs(interval.gap))
            interval = queue.pop()
            if not interval.clear:
                continue
            if interval.high - interval.low == 1:
                found.append(interval.low)
                continue
            if self.site.effort.losses > self.end or len(found) + len(queue) >= MOST:
                return None
            narrow = self._narrowed(interval)
            queue += [narrow] if narrow is not None else self._halves(interval)
        return found or None

    def _dense(self) -> bool:
        """Whether wrong entries are everywhere."""
        for _ in range(PARTS):
            weights = (self.site.rng.random(self.size) < SHARE).astype(np.float64)
            if not self._measured(weights, (0, self.size), None)[0].clear:
                return False
        return True

    def _halves(self, interval: _Interval) -> list[_Interval]:
        middle = (interval.low + interval.high) // 2
        left = self._look(interval.low, middle, interval)
        right = _Interval(middle, interval.high, interval.gap - left.gap, interval.bar + left.bar)
        if right.clear or abs(right.gap) <= right.bar < abs(interval.gap) / MOST:
            return [left, right]
        return [left, self._look(middle, interval.high, interval)]

    def _narrowed(self, interval: _Interval) -> _Interval | None:
        """The few entries among which the wrong one is, if there is one only."""
        inside = slice(interval.low, interval.high)
        weights = np.zeros(self.size)
        weights[inside] = np.linspace(*RAMP, interval.high - interval.low)
        ramp, direction = self._measured(weights, (interval.low, interval.high), interval)
        ratio = ramp.gap / interval.gap
        off = 2 * (ramp.bar + abs(ratio) * interval.bar) / abs(interval.gap)
        moved, whole = (self._flat(d)[inside] for d in (direction, self.whole))
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.flatnonzero(np.abs(moved / whole - ratio) <= off + 1e-9)
        if near.size == 0:
            return None
        low, high = interval.low + int(near[0]), interval.low + int(near[-1]) + 1
        if high - low > max(1, NARROWED * (interval.high - interval.low)):
            return None
        narrow = self._look(low, high, interval)
        same = abs(narrow.gap - interval.gap) <= CLEAR * (narrow.bar + interval.bar)
        return narrow if same and narrow.clear else None

    def _look(self, low: int, high: int, parent: _Interval | None) -> _Interval:
        weights = np.zeros(self.size)
        weights[low:high] = 1.0
        return self._measured(weights, (low, high), parent)[0]

    def _measured(
        self, weights: NDArray[np.float64], ends: tuple[int, int], parent: _Interval | None
    ) -> tuple[_Interval, Direction]:
        """What the direction is off by, where each of its entries is times a weight."""
        site, shape = self.site, self.site.point[self.block].shape
        direction = weighted(
            self.whole, self.block, weights.reshape(shape), site.point, site.claim, site.terrain, bits=site.bits
        )
        goal = abs(parent.gap) / 256 if parent is not None else None
        found = site.measure(Ray(site.subject, site.point, direction, site.effort), goal=goal)
        return _Interval(*ends, found.gap, found.bar), direction

    def _flat(self, direction: Direction) -> NDArray[Any]:
        array = direction.arrays[self.block]
        assert array is not None
        return array.ravel()
