"""One entry of a gradient, measured on its own, and where in a block entries are wrong."""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass

from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.verdicts.settings import VERDICTS


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient, measured.

    Attributes
    ----------
    index : tuple of int
    claimed, numeric, error : float
        Both values and the error bar of their difference, in units of the gradient.
    wrong : bool
        Whether the gap is material and several times its error bar.
    resolved : bool
        Whether a material gap would have been seen, and was not.
    """

    index: tuple[int, ...]
    claimed: float
    numeric: float
    error: float
    wrong: bool
    resolved: bool

    @property
    def gap(self) -> float:
        """Claimed minus numeric."""
        return self.claimed - self.numeric

    @property
    def right(self) -> bool:
        """Whether it would have been called wrong if it were, and is not off by a good part of its own size either.

        A small entry that is off by half of itself does not matter to a verdict, but says that more is wrong.
        """
        size = max(abs(self.claimed), abs(self.numeric))
        off = abs(self.gap) > max(VERDICTS.followed * self.error, VERDICTS.off_part * size)
        return self.resolved and not off

    @property
    def off(self) -> bool:
        """Whether it is off by more of itself than a solver's tolerance explains."""
        return abs(self.gap) > VERDICTS.own_part * abs(self.numeric)

    def __str__(self) -> str:
        index = ", ".join(map(str, self.index))
        return f"[{index}]: claimed {self.claimed:.6g}, numeric {self.numeric:.6g} ± {self.error:.1e}"


class Materiality(enum.Enum):
    """Whether a gap exceeds the tolerance on the scale of the very entries that cause it."""

    WRONG = "wrong"
    TOLERATED = "seen, but tolerated"
    UNCLEAR = "too close to the noise to decide"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a block disagrees.

    Attributes
    ----------
    materiality : Materiality
    entries : tuple of Entry
        Those that were measured: all of a small block, else the one that bisection led to.
    complete : bool
        Whether `entries` are all entries of the block.
    listed : bool
        Whether `entries` are all wrong entries of the block.
    background : float
        What the other entries are off by, as a part of the norm of the block, as a solver's tolerance makes it; where
        the gap of the block is tolerated, the largest that some random lines show.
    """

    materiality: Materiality
    entries: tuple[Entry, ...]
    complete: bool
    listed: bool = False
    background: float = 0.0

    @property
    def counted(self) -> bool:
        """Whether each entry was measured, and found to be wrong or not: none is merely unproved."""
        return self.complete and all(entry.wrong or entry.right for entry in self.entries)

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest gap."""
        return max(self.entries, key=lambda entry: abs(entry.gap), default=None)


def measure_entry(prober: Prober, block: int, index: tuple[int, ...]) -> Entry:
    """Claimed and numeric value of one entry."""
    comparison, _, length = prober.entry(block, index)
    for_user = prober.subject.for_user
    return Entry(
        index,
        for_user(comparison.claimed / length),
        for_user(comparison.estimate.value / length),
        for_user(comparison.error_bar / abs(length)),
        wrong=comparison.proves,
        resolved=comparison.resolved and not (comparison.significant and comparison.material),
    )


def measure_all(prober: Prober, block: int, *, leave: int = 0) -> tuple[Entry, ...]:
    """Measure the entries of a block one by one, until no more than `leave` evaluations are left."""
    entries = []
    for index in itertools.product(*map(range, prober.subject.blocks[block].shape)):
        if prober.evaluator.left < VERDICTS.entry_cost + leave:
            break
        entries.append(measure_entry(prober, block, index))
    return tuple(entries)


def wrong_entries(prober: Prober, block: int) -> Location:
    """Where a block is wrong that is known to be: all entries of a small block, none yet of a large one."""
    described = prober.subject.blocks[block]
    if described.size > PROBES.small_block:
        return Location(Materiality.WRONG, (), complete=False)
    entries = measure_all(prober, block, leave=int(VERDICTS.for_diagnosis * prober.evaluator.budget))
    return Location(Materiality.WRONG, entries, complete=len(entries) == described.size)


def index_of(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Index of the entry at a place in the order of the entries."""
    index = []
    for length in reversed(shape):
        place, last = divmod(place, length)
        index.append(last)
    return tuple(reversed(index))
