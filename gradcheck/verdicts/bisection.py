"""From a block that disagrees to the entries that do, by halving."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.chord import right_on_average
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.point import Mask, Site
from gradcheck.probes.refine import proof
from gradcheck.probes.screening import FEW

#: Evaluations that one entry, or one half, may take.
ENTRY_COST = 12

#: The part of the budget that the entries of blocks leave for finding out what the mistake is.
LEAVE = 0.3


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient, measured.

    Attributes
    ----------
    index : tuple of int
    claimed, numeric, error : float
        Both values and the bar of their difference, in units of the gradient.
    wrong : bool
        Whether the gap is material and several times its bar.
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

    def __str__(self) -> str:
        index = ", ".join(map(str, self.index))
        return f"[{index}]: claimed {self.claimed:.6g}, numeric {self.numeric:.6g} ± {self.error:.1e}"


class Matter(enum.Enum):
    """Whether a gap matters: whether it exceeds the tolerance on the scale of the very entries that cause it."""

    WRONG = "wrong"
    TOLERATED = "seen, but tolerated"
    UNCLEAR = "too close to the noise to be told"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a block disagrees.

    Attributes
    ----------
    matter : Matter
    entries : tuple of Entry
        Those that were measured: all of a small block, else the one that halving led to.
    complete : bool
        Whether `entries` are all entries of the block.
    listed : bool
        Whether `entries` are all wrong entries of the block.
    """

    matter: Matter
    entries: tuple[Entry, ...]
    complete: bool
    listed: bool = False

    @property
    def worst(self) -> Entry | None:
        """The entry that is off by most."""
        return max(self.entries, key=lambda entry: abs(entry.gap), default=None)


def measure_entry(site: Site, block: int, index: tuple[int, ...]) -> Entry:
    """Claimed and numeric value of one entry."""
    comparison, _, length = site.entry(block, index)
    return Entry(
        index,
        comparison.claim / length,
        comparison.estimate.value / length,
        comparison.bar / abs(length),
        wrong=comparison.proves,
        resolved=comparison.resolved and not (comparison.significant and comparison.material),
    )


def measure_all(site: Site, block: int, *, leave: int = 0) -> tuple[Entry, ...]:
    """Measure every entry of a block, as far as the budget goes without the part of it that is to be left."""
    entries = []
    for index in np.ndindex(site.point[block].shape):
        if site.effort.left < ENTRY_COST + leave:
            break
        entries.append(measure_entry(site, block, index))
    return tuple(entries)


def locate(site: Site, block: int, whole: Comparison) -> Location:
    """Find what is wrong in a block that disagrees.

    Parameters
    ----------
    site : Site
    block : int
    whole : Comparison
        That of the whole block.

    Returns
    -------
    Location
        WRONG only if two independent measurements say so.
    """
    site.effort.stage = f"entries of {site.subject.blocks[block].name}"
    size = site.point[block].size
    if site.effort.brief and _confirmed(site, block, whole, ()):
        return Location(Matter.WRONG, (), complete=False)
    if size <= FEW:
        entries = measure_all(site, block, leave=int(LEAVE * site.effort.budget))
        complete = len(entries) == size
        harmless = complete and all(entry.resolved and not entry.wrong for entry in entries)
    else:
        entries, harmless = _descend(site, block, whole)
        complete = False
    if _confirmed(site, block, whole, entries):
        return Location(Matter.WRONG, entries, complete)
    return Location(Matter.TOLERATED if harmless else Matter.UNCLEAR, entries, complete)


def _confirmed(site: Site, block: int, whole: Comparison, entries: tuple[Entry, ...]) -> bool:
    """Whether a fresh ray, or the worst entry, proves it."""
    if whole.proves:
        ray = site.ray(_only(site, block, 0, site.point[block].size))
        again = proof(site, ray, whole)
        if again.proves and not right_on_average(site, ray, again):
            return True
    wrong = [entry for entry in entries if entry.wrong]
    if not wrong:
        return False
    worst = max(wrong, key=lambda entry: abs(entry.gap) / entry.error if entry.error > 0 else math.inf)
    first, _, _ = site.entry(block, worst.index)
    ray, _, norm = site.along(block, worst.index)
    again = replace(proof(site, ray, first), norm=norm, tolerance=site.rtol * norm)
    return first.proves and again.proves and not right_on_average(site, ray, again)


def _descend(site: Site, block: int, whole: Comparison) -> tuple[tuple[Entry, ...], bool]:
    """Follow the larger gap down to one entry; also returns whether none can be wrong by more than is tolerated."""
    low, high = 0, site.point[block].size
    current = whole
    while high - low > 1:
        if site.effort.left < 2 * ENTRY_COST:
            return (), False
        middle = (low + high) // 2
        goal = abs(current.gap) / 16
        halves = [
            ((a, b), site.compare(_only(site, block, a, b), goal=goal)) for a, b in ((low, middle), (middle, high))
        ]
        (low, high), current = max(halves, key=lambda half: abs(half[1].gap) - half[1].bar)
        if not current.significant:
            return (), all(half.resolved for _, half in halves)
    index = tuple(int(i) for i in np.unravel_index(low, site.point[block].shape))
    entry = measure_entry(site, block, index)
    return (entry,), entry.resolved and not entry.wrong


def _only(site: Site, block: int, low: int, high: int) -> list[Mask]:
    mask: NDArray[np.bool_] = np.zeros(site.point[block].shape, dtype=bool)
    mask.ravel()[low:high] = True
    return [mask if b == block else False for b in range(len(site.point))]
