"""Values that, replaced, make claims right, and the lines that they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.recording.backward_values import Rank


@dataclass(frozen=True)
class Remedy:
    """Values that, replaced, make claims right.

    Attributes
    ----------
    site : int
        The expression that made them.
    values : tuple of int
    instead : dict of int to ndarray
        What they have to be.
    of : tuple of (int or None)
        The forward values whose adjoints these are; None for what is none.
    fixes : frozenset of int
        Numbers of the claims that are right then.
    rank : Rank
    factor : float or None
        The constant by which they are off, if that is all.
    start : int
        The first of the values that is wrong once those before it are right.
    alone : bool
        Whether no value that is right by itself, but may have been meant as something else, helps as well.
    """

    site: int
    values: tuple[int, ...]
    instead: Mapping[int, Any]
    of: tuple[int | None, ...]
    fixes: frozenset[int]
    rank: Rank
    factor: float | None
    start: int
    alone: bool = True


@dataclass(frozen=True)
class Faulty:
    """A line that is wrong.

    Attributes
    ----------
    unit : int
        Number of the unit.
    value : int
        The first value of it that is wrong.
    needed : ndarray or None
        What this has to be.
    of : int or None
        The forward value whose adjoint that is.
    blocks : tuple of int
        Blocks that are wrong because of it.
    factor : float or None
        The constant by which it is off, if that is all.
    rank : Rank
    user : int
        The unit that its value is used in, where that showed it; else its own.
    proved : bool
        Whether all that the line reads is known to be right.
    instead : dict of int to ndarray
        Values of the line, or of the one that uses it, and what they have to be.
    passing : tuple of int
        Units that pass the value on as it is, the likeliest to be wrong first; empty if that is none, or the unit.
    """

    unit: int
    value: int
    needed: Any
    of: int | None
    blocks: tuple[int, ...]
    factor: float | None
    rank: Rank
    user: int
    proved: bool
    instead: Mapping[int, Any] = field(default_factory=dict)
    passing: tuple[int, ...] = ()


def merged(found: Sequence[Faulty]) -> list[Faulty]:
    """One entry for each line."""
    by_unit: dict[int, Faulty] = {}
    for each in found:
        known = by_unit.get(each.unit)
        blocks = each.blocks if known is None else tuple(sorted({*known.blocks, *each.blocks}))
        first = each if known is None else known
        by_unit[each.unit] = replace(first, blocks=blocks, proved=first.proved and each.proved)
    return list(by_unit.values())
