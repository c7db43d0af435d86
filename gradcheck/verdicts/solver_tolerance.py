"""A gap that is small in norm and spread over all entries: what the tolerance of a solver inside the loss makes.

A solver that stops at a relative residual of 1e-5 gives a loss that is smooth nearby and off by a smooth error, whose
slope no difference can tell from the truth. Its pattern can be told from that of most mistakes: small beside the norm
of the block, in nearly all entries, and in none of them much larger than in the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradcheck.probes.prober import Prober
from gradcheck.verdicts.entry import Entry, Location, index_of, measure_all, measure_entry
from gradcheck.verdicts.group_testing import find_all_wrong
from gradcheck.verdicts.settings import VERDICTS


@dataclass(frozen=True, slots=True)
class GapShape:
    """How the gap of a block that is wrong is distributed.

    Attributes
    ----------
    part : float
        Root mean square of the gap along directions that weigh entries by their typical sizes, as a part of the norm of
        what they contribute.
    spread : bool
        Whether nearly all entries have a gap, and none a far larger one.
    location : Location
        Where it is wrong: entries whose gap is far larger than that of all others are told apart.
    """

    part: float
    spread: bool
    location: Location


def shape_of(prober: Prober, block: int, location: Location, *, verdict_only: bool = False) -> GapShape | None:
    """How the gap of a block is distributed; None where it is not small, or cannot be measured.

    Parameters
    ----------
    prober : Prober
    block : int
    location : Location
        Where it is known to be wrong.
    verdict_only : bool
        Whether it does not matter which entries stand out.
    """
    plain = prober.again(data=replace(prober.data, even=False))
    parts = []
    for _ in range(VERDICTS.gap_lines):
        found = plain.measure(plain.line([block]))
        if not (math.isfinite(found.gap) and found.norm > 0):
            return None
        parts.append(found.gap / found.norm)
        if abs(parts[-1]) > VERDICTS.outlying_part:
            return None
    part = math.sqrt(sum(one * one for one in parts) / len(parts))
    if not 0 < part <= (VERDICTS.solver_part if verdict_only else VERDICTS.outlying_part):
        return None
    size = prober.subject.blocks[block].size
    if size == 1:
        return GapShape(part, part <= VERDICTS.single_part, location)
    if size <= VERDICTS.gap_entries:
        entries = location.entries if location.complete else measure_all(plain, block, leave=_kept(prober))
        return _of_entries(plain, block, location, entries, part) if len(entries) == size else None
    return _of_sample(plain, block, location, part)


def _kept(prober: Prober) -> int:
    """Evaluations that are kept for the diagnosis."""
    return int(VERDICTS.for_diagnosis * prober.evaluator.budget)


def _of_entries(plain: Prober, block: int, location: Location, entries: Sequence[Entry], part: float) -> GapShape:
    """The shape of a gap of which all entries were measured."""
    effects = _effects(plain, block, entries)
    ordered = sorted(entries, key=lambda entry: -effects[entry.index])
    count = len(ordered)
    outstanding = VERDICTS.outstanding * (1 + VERDICTS.outstanding_few / count)
    seen = [abs(entry.gap) > entry.error for entry in ordered]
    for few in range(1, count // VERDICTS.few_divisor + 1):
        first = ordered[:few]
        apart = effects[first[-1].index] > outstanding * effects[ordered[few].index]
        beside = sum(seen[few:]) >= VERDICTS.spread_share * (count - few)
        if apart and beside and all(abs(entry.gap) > VERDICTS.own_part * abs(entry.numeric) for entry in first):
            rest = math.hypot(*(effects[entry.index] for entry in ordered[few:])) / _size(plain, block, entries)
            chosen = {entry.index for entry in first}
            return GapShape(part, False, _only(location, entries, chosen, complete=True, background=rest))
    return GapShape(part, _is_spread(part, sum(seen) / count, entries), location)


def _of_sample(plain: Prober, block: int, location: Location, part: float) -> GapShape | None:
    """The shape of a gap of a large block, from a sample of its entries, and those that stand out."""
    shape, size = plain.subject.blocks[block].shape, plain.subject.blocks[block].size
    places = plain.rng.choice(size, VERDICTS.gap_sample, replace=False)
    if plain.evaluator.left < VERDICTS.entry_cost * len(places) + _kept(plain):
        return None
    sample = [measure_entry(plain, block, index_of(int(place), shape)) for place in places]
    seen = sum(abs(entry.gap) > entry.error for entry in sample) / len(sample)
    if seen < VERDICTS.spread_share:
        return GapShape(part, False, location)
    effects = sorted(_effects(plain, block, sample).values())
    typical = effects[len(effects) // 2]
    found = find_all_wrong(plain, block, location, typical=typical)
    large = [entry for entry in found.entries if abs(entry.gap) > VERDICTS.own_part * abs(entry.numeric)]
    outstanding = _effects(plain, block, large)
    apart = {index for index, effect in outstanding.items() if effect > VERDICTS.outstanding * effects[-1]}
    if found.listed and apart:
        rest = math.hypot(*effects) / _size(plain, block, sample)
        return GapShape(part, False, _only(location, large, apart, complete=False, background=rest))
    return GapShape(part, _is_spread(part, seen, sample), location)


def _is_spread(part: float, share: float, entries: Sequence[Entry]) -> bool:
    """Whether a gap may be that of a solver, from its part of the norm and the share of the entries that have one.

    The gap is in proportion to the entries themselves where a constant is missing; that of a solver is not.
    """
    return part <= VERDICTS.solver_part and share >= VERDICTS.spread_share and not _is_proportional(entries)


def _is_proportional(entries: Sequence[Entry]) -> bool:
    size = math.hypot(*(entry.numeric for entry in entries))
    gap = math.hypot(*(entry.gap for entry in entries))
    if not (size > 0 and gap > 0):
        return False
    cosine = math.fsum(entry.numeric / size * (entry.gap / gap) for entry in entries)
    return 1 - cosine**2 <= VERDICTS.proportional**2


def _size(prober: Prober, block: int, entries: Sequence[Entry]) -> float:
    """Norm of what the right values of entries change the loss by, when they move by their typical sizes."""
    size = prober.data.scaling[block].size
    return math.hypot(*(entry.numeric * prober.subject.space.entry(size, entry.index) for entry in entries)) or math.inf


def _effects(prober: Prober, block: int, entries: Sequence[Entry]) -> dict[tuple[int, ...], float]:
    """What the gaps of entries change the loss by, when they move by their typical sizes."""
    size = prober.data.scaling[block].size
    return {entry.index: abs(entry.gap) * prober.subject.space.entry(size, entry.index) for entry in entries}


def _only(
    location: Location,
    entries: Sequence[Entry],
    wrong: set[tuple[int, ...]],
    *,
    complete: bool,
    background: float,
) -> Location:
    """The location with some entries alone taken to be wrong."""
    marked = tuple(
        replace(entry, wrong=True)
        if entry.index in wrong
        else replace(entry, wrong=False, resolved=True, error=max(entry.error, abs(entry.gap)))
        for entry in entries
    )
    if complete:
        return replace(location, entries=marked, complete=True, background=background)
    chosen = tuple(entry for entry in marked if entry.wrong)
    return replace(location, entries=chosen, listed=True, background=background)
