"""Finds a wrong entry of a block that disagrees, by bisection; of a small block, measures all entries."""

from __future__ import annotations

import math

from gradcheck.probes.comparison import Comparison
from gradcheck.probes.confirm import confirmed
from gradcheck.probes.prober import Prober
from gradcheck.probes.secant import agrees_on_average
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Interval
from gradcheck.verdicts.entry import Entry, Location, Materiality, index_of, measure_all, measure_entry
from gradcheck.verdicts.settings import VERDICTS


def locate(prober: Prober, block: int, whole: Comparison, *, verdict_only: bool = False) -> Location:
    """Find what is wrong in a block that disagrees.

    Parameters
    ----------
    prober : Prober
    block : int
    whole : Comparison
        That of the whole block.
    verdict_only : bool
        Whether it is enough to know that the block is wrong.

    Returns
    -------
    Location
        WRONG only if two independent measurements say so.
    """
    prober.evaluator.enter(f"entries of {prober.subject.blocks[block].name}")
    size = prober.subject.blocks[block].size
    if verdict_only and _confirmed(prober, block, whole, ()):
        return Location(Materiality.WRONG, (), complete=False)
    if size <= PROBES.small_block:
        entries = measure_all(prober, block, leave=int(VERDICTS.for_diagnosis * prober.evaluator.budget))
        complete = len(entries) == size
        harmless = complete and all(entry.resolved and not entry.wrong for entry in entries)
    else:
        entries, harmless = _descend(prober, block, whole)
        complete = False
    if _confirmed(prober, block, whole, entries):
        return Location(Materiality.WRONG, entries, complete)
    return Location(Materiality.TOLERATED if harmless else Materiality.UNCLEAR, entries, complete)


def _confirmed(prober: Prober, block: int, whole: Comparison, entries: tuple[Entry, ...]) -> bool:
    """Whether a fresh line, or the worst entry, proves that the block is wrong."""
    if whole.proves:
        line = prober.line_along({block: Interval(0, prober.subject.blocks[block].size)})
        again = confirmed(prober, line, whole)
        if again.proves and not agrees_on_average(prober, line, again):
            return True
    wrong = [entry for entry in entries if entry.wrong]
    if not wrong:
        return False
    worst = max(wrong, key=lambda entry: abs(entry.gap) / entry.error if entry.error > 0 else math.inf)
    first, _, _ = prober.entry(block, worst.index)
    line, _, norm = prober.line_of_entry(block, worst.index)
    again = confirmed(prober, line, first).judged_by(norm)
    return first.proves and again.proves and not agrees_on_average(prober, line, again)


def _descend(prober: Prober, block: int, whole: Comparison) -> tuple[tuple[Entry, ...], bool]:
    """Follow the larger gap down to one entry; also returns whether none can be wrong by more than is tolerated."""
    low, high = 0, prober.subject.blocks[block].size
    current = whole
    while high - low > 1:
        if prober.evaluator.left < 2 * VERDICTS.entry_cost:
            return (), False
        middle = (low + high) // 2
        goal = VERDICTS.part_target * abs(current.gap)
        halves = [
            ((a, b), prober.measure(prober.line_along({block: Interval(a, b)}), goal=goal, brief=True))
            for a, b in ((low, middle), (middle, high))
        ]
        (low, high), current = max(halves, key=lambda half: abs(half[1].gap) - half[1].error_bar)
        if not current.significant:
            return (), all(half.resolved for _, half in halves)
    entry = measure_entry(prober, block, index_of(low, prober.subject.blocks[block].shape))
    return (entry,), entry.resolved and not entry.wrong
