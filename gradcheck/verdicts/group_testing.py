"""All wrong entries of a large block, where they are few, by adaptive group testing (Du and Hwang, 2000).

The slope is linear in the direction, so the gaps of a part of a direction and of the rest of it add up. Intervals of
entries are halved where they show a gap. An interval with a single wrong entry is narrowed at once: along a direction
that grows from entry to entry, the gap grows by the factor that the entry's place has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Interval, Part, Ramp, RandomPart
from gradcheck.verdicts.entry import Location, index_of, measure_entry
from gradcheck.verdicts.settings import VERDICTS


@dataclass(frozen=True, slots=True)
class _Gap:
    """What the entries of an interval are off by along the direction of the search."""

    interval: Interval
    gap: float
    error_bar: float

    @property
    def clear(self) -> bool:
        return abs(self.gap) > VERDICTS.followed * self.error_bar


def find_all_wrong(prober: Prober, block: int, location: Location, *, typical: float = 0.0) -> Location:
    """Add all other wrong entries to a location, if they are few and the budget suffices; else it stays as it is.

    Parameters
    ----------
    prober : Prober
    block : int
    location : Location
    typical : float
        What the gap of an entry that is not looked for changes the loss by, when it moves by its typical size.
    """
    needed = VERDICTS.group_cost + VERDICTS.group_left
    described = prober.subject.blocks[block]
    if described.size <= PROBES.small_block or prober.evaluator.left < needed:
        return location
    quiet = prober.again(rng=prober.rng.spawn(1)[0])
    places = _Search(quiet, block, typical).run()
    if places is None:
        return location
    known = {} if typical else {entry.index: entry for entry in location.entries if entry.wrong}
    indices = [index_of(place, described.shape) for place in places]
    entries = [known.get(index) or measure_entry(quiet, block, index) for index in sorted({*indices, *known})]
    if not all(entry.wrong or entry.right for entry in entries):
        return location  # some are off that cannot be proved wrong, or do not matter: the others are not all
    return replace(location, entries=tuple(entry for entry in entries if entry.wrong), listed=True)


class _Search:
    """One direction through a block, and intervals of it."""

    def __init__(self, prober: Prober, block: int, typical: float) -> None:
        self.typical = typical
        self.prober, self.block, self.size = prober, block, prober.subject.blocks[block].size
        self.end = prober.evaluator.losses + VERDICTS.group_cost
        self.whole = prober.line([block])

    def run(self) -> list[int] | None:
        """Places of the wrong entries in the flat block; None if they are too many or too hard to find."""
        if self._dense():
            return None
        found: list[int] = []
        queue = [self._measure(Interval(0, self.size), None)]
        while queue:
            queue.sort(key=lambda gap: abs(gap.gap))
            widest = queue.pop()
            if not widest.clear:
                continue
            if widest.interval.high - widest.interval.low == 1:
                found.append(widest.interval.low)
                continue
            if self.prober.evaluator.losses > self.end or len(found) + len(queue) >= VERDICTS.group_most:
                return None
            narrow = self._narrowed(widest)
            queue += [narrow] if narrow is not None else self._halves(widest)
        return found or None

    def _dense(self) -> bool:
        """Whether wrong entries are everywhere."""
        whole, part = Interval(0, self.size), RandomPart(VERDICTS.random_share)
        return all(self._along(self._drawn(part), part, whole, None).clear for _ in range(VERDICTS.random_parts))

    def _drawn(self, part: RandomPart) -> Line:
        """A line along a random part; drawn again where no entry is in it, which says nothing of any."""
        for _ in range(VERDICTS.random_draws):
            line = self.prober.part_of(self.whole, self.block, part)
            if line.contribution(self.block).length > 0:
                break
        return line

    def _halves(self, parent: _Gap) -> list[_Gap]:
        low, high = parent.interval.low, parent.interval.high
        middle = (low + high) // 2
        left = self._measure(Interval(low, middle), parent)
        rest = Interval(middle, high)
        right = _Gap(rest, parent.gap - left.gap, parent.error_bar + left.error_bar)
        if right.clear or abs(right.gap) <= right.error_bar < abs(parent.gap) / VERDICTS.group_most:
            return [left, right]
        return [left, self._measure(rest, parent)]

    def _narrowed(self, parent: _Gap) -> _Gap | None:
        """The few entries among which the wrong one is, if there is only one."""
        interval = parent.interval
        part = Ramp(interval.low, interval.high, *VERDICTS.ramp)
        ramp, line = self._measured(part, interval, parent)
        ratio = ramp.gap / parent.gap
        off = 2 * (ramp.error_bar + abs(ratio) * parent.error_bar) / abs(parent.gap)
        space = self.prober.subject.space
        found = space.located(line.direction, self.whole.direction, self.block, interval, ratio, off)
        if found is None or 2 * (found.high - found.low) > interval.high - interval.low:  # halving leaves as much
            return None
        narrow = self._measure(found, parent)
        same = abs(narrow.gap - parent.gap) <= VERDICTS.followed * (narrow.error_bar + parent.error_bar)
        return narrow if same and narrow.clear else None

    def _measure(self, interval: Interval, parent: _Gap | None) -> _Gap:
        return self._measured(interval, interval, parent)[0]

    def _measured(self, part: Part, interval: Interval, parent: _Gap | None) -> tuple[_Gap, Line]:
        """The gap along a part of the direction of the search."""
        line = self.prober.part_of(self.whole, self.block, part)
        return self._along(line, part, interval, parent), line

    def _along(self, line: Line, part: Part, interval: Interval, parent: _Gap | None) -> _Gap:
        """The gap along a line through a part of an interval."""
        goal = VERDICTS.part_target * abs(parent.gap) if parent is not None else None
        found = self.prober.measure(line, goal=goal, brief=True)
        share = part.share if isinstance(part, RandomPart) else 1.0
        others = self.typical * math.sqrt(share * (interval.high - interval.low))
        return _Gap(interval, found.gap, found.error_bar + others)
