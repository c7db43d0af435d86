"""A gap that is small in norm and spread over all entries: what the tolerance of a solver inside the loss makes.

A solver that stops at a relative residual of 1e-5 gives a loss that is smooth nearby and off by a smooth error, whose
slope no difference can tell from the truth. Its pattern can be told from that of most mistakes: small beside the norm
of the block, in nearly all entries, and in none of them much larger than in the others. It may be larger where jumps of
the loss show how large the error is, or where there is known to be a solver.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.staircase import jumps_repeatedly
from gradcheck.verdicts.entry import Entry, Location, index_of, measure_entry
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
    spread : bool or None
        Whether nearly all entries have a gap, and none a far larger one; None if the budget does not suffice to tell.
    location : Location
        Where it is wrong: entries whose gap is far larger than that of all others are told apart.
    """

    part: float
    spread: bool | None
    location: Location


def are_all_wrong(prober: Prober, block: int, location: Location) -> bool:
    """Whether the wrong entries of a location are all that a block has: along random lines nothing else is off.

    Entries that a search passed by because they do not matter, and are off all the same, say that something makes gaps
    everywhere.
    """
    plain = prober.again(data=replace(prober.data, even=False))
    subject = plain.subject
    wrong = [entry for entry in location.entries if entry.wrong]
    effect = math.hypot(*_effects(plain, block, wrong).values())
    for _ in range(VERDICTS.gap_lines):
        line = plain.line([block])
        found = plain.measure(line)
        moved = subject.space.array(line.direction, block)
        rest = subject.for_user(found.gap) - sum(entry.gap * float(moved[entry.index]) for entry in wrong)
        bar = subject.for_user(found.error_bar) + sum(entry.error * abs(float(moved[entry.index])) for entry in wrong)
        if not abs(rest) <= VERDICTS.followed * bar <= VERDICTS.hidden_gap * effect:
            return False
    return True


def shape_of(
    prober: Prober,
    block: int,
    location: Location,
    *,
    verdict_only: bool = False,
    iterates: Callable[[], bool] = lambda: False,
) -> GapShape | None:
    """How the gap of a block is distributed; None where it is not small, or cannot be measured.

    Parameters
    ----------
    prober : Prober
    block : int
    location : Location
        Where it is known to be wrong.
    verdict_only : bool
        Whether it does not matter which entries stand out.
    iterates : callable
        Whether there is known to be a solver in the loss; asked only if the gap is larger than a solver's usually is.
    """
    plain = prober.again(data=replace(prober.data, even=False))
    parts: list[float] = []
    lines: list[tuple[Line, Comparison]] = []
    for _ in range(VERDICTS.gap_lines):
        line = plain.line([block])
        if not parts and _is_beyond_solvers(plain, line):
            return None
        found = plain.measure(line)
        if not (math.isfinite(found.gap) and found.norm > 0):
            return None
        parts.append(found.gap / found.norm)
        lines.append((line, found))
        if abs(parts[-1]) > VERDICTS.outlying_part:
            return None
    part = math.sqrt(sum(one * one for one in parts) / len(parts))
    if not 0 < part <= VERDICTS.outlying_part:
        return None
    clearest = max(lines, key=lambda one: abs(one[1].gap))

    def is_possible(part: float) -> bool:
        if part <= VERDICTS.solver_part or part > VERDICTS.outlying_part:
            return part <= VERDICTS.solver_part
        return jumps_repeatedly(plain, *clearest) or iterates()

    if verdict_only and not is_possible(part):
        return None
    shape = _distribution(plain, block, location, part)
    return shape if not shape.spread or is_possible(max(part, shape.part)) else replace(shape, spread=False)


def _is_beyond_solvers(plain: Prober, line: Line) -> bool:
    """Whether few evaluations show a gap along a line that is larger than any of a solver."""
    goal = VERDICTS.part_target * VERDICTS.outlying_part * line.claimed.norm
    found = plain.again().measure(line, goal=goal, brief=True) if goal > 0 else None
    return found is not None and abs(found.gap) - found.error_bar > VERDICTS.outlying_part * found.norm


def _distribution(plain: Prober, block: int, location: Location, part: float) -> GapShape:
    """Whether a gap is spread over the entries, as that of a solver is, and which stand out."""
    size = plain.subject.blocks[block].size
    if size == 1:
        return GapShape(part, True, location)
    if size <= VERDICTS.gap_entries and location.complete:
        return _of_entries(plain, block, location, location.entries)
    sample = _sampled(plain, block)
    if len(sample) == size:
        return _of_entries(plain, block, location, sample)
    return _of_sample(plain, block, location, sample, part)


def largest_part(prober: Prober, block: int, known: Comparison) -> float:
    """The largest gap along some random lines, with its bar, as a part of the norm of what the entries contribute."""
    found = [known, *(prober.measure(prober.line([block])) for _ in range(VERDICTS.gap_lines))]
    return max((abs(one.gap) + one.error_bar) / one.norm for one in found)


def _sampled(plain: Prober, block: int) -> list[Entry]:
    """All entries of a small block, or some of a large one, in random order; fewer where the budget ends."""
    shape, size = plain.subject.blocks[block].shape, plain.subject.blocks[block].size
    wanted = size if size <= VERDICTS.gap_entries else VERDICTS.gap_sample
    entries: list[Entry] = []
    for place in plain.rng.choice(size, wanted, replace=False):
        if plain.evaluator.left < VERDICTS.entry_cost + _kept(plain):
            break
        entries.append(measure_entry(plain, block, index_of(int(place), shape)))
    return entries


def _kept(prober: Prober) -> int:
    """Evaluations that are kept for the diagnosis."""
    return int(VERDICTS.for_diagnosis * prober.evaluator.budget)


def _of_entries(plain: Prober, block: int, location: Location, entries: Sequence[Entry]) -> GapShape:
    """The shape of a gap of which all entries were measured, and its part of the norm with them."""
    effects = _effects(plain, block, entries)
    part = math.hypot(*effects.values()) / _size(plain, block, entries)
    ordered = sorted(entries, key=lambda entry: -effects[entry.index])
    count = len(ordered)
    outstanding = VERDICTS.outstanding * (1 + VERDICTS.outstanding_few / count)
    seen = [abs(entry.gap) > entry.error for entry in ordered]
    for few in range(1, count // VERDICTS.few_divisor + 1):
        first, others = ordered[:few], ordered[few:]
        beside = sum(seen[few:]) >= VERDICTS.spread_share * len(others)
        largest = max(effects[e.index] + (0.0 if beside else _bar(plain, block, e)) for e in others)
        if effects[first[-1].index] > outstanding * largest and all(entry.off for entry in first):
            rest = math.hypot(*(effects[entry.index] for entry in others)) / _size(plain, block, entries)
            chosen = {entry.index for entry in first}
            return GapShape(part, False, _only(location, entries, chosen, complete=True, background=rest))
    return GapShape(part, _is_spread(plain, block, entries), location)


def _of_sample(plain: Prober, block: int, location: Location, sample: Sequence[Entry], part: float) -> GapShape:
    """The shape of a gap of a large block, from a sample of its entries, and those that stand out."""
    if len(sample) < VERDICTS.gap_sample:
        return GapShape(part, None, location)
    sampled = math.hypot(*_effects(plain, block, sample).values()) / _size(plain, block, sample)
    if sampled < VERDICTS.hidden_gap * part or _share_with_a_gap(plain, block, sample) < VERDICTS.spread_share:
        return GapShape(part, False, location)
    effects = sorted(_effects(plain, block, sample).values())
    typical = effects[len(effects) // 2]
    found = find_all_wrong(plain, block, location, typical=typical)
    large = [entry for entry in found.entries if entry.off]
    outstanding = _effects(plain, block, large)
    apart = {index for index, effect in outstanding.items() if effect > VERDICTS.outstanding * effects[-1]}
    if found.listed and apart:
        rest = math.hypot(*effects) / _size(plain, block, sample)
        return GapShape(part, False, _only(location, large, apart, complete=False, background=rest))
    return GapShape(part, _is_spread(plain, block, sample), location)


def _is_spread(prober: Prober, block: int, entries: Sequence[Entry]) -> bool:
    """Whether a gap may be that of a solver, from the share of the entries that have one.

    It may be in proportion to the entries: the error of a loss of one residual is. A constant that is missing is then
    told from it by the diagnosis, as the same factor at two points.
    """
    return _share_with_a_gap(prober, block, entries) >= VERDICTS.spread_share


def _share_with_a_gap(prober: Prober, block: int, entries: Sequence[Entry]) -> float:
    """The share of entries that have a gap, of those whose error bar would show one of the typical size."""
    size = prober.data.scaling[block].size
    effects = _effects(prober, block, entries)
    seen = [entry for entry in entries if abs(entry.gap) > entry.error]
    if len(seen) < VERDICTS.seen_share * len(entries):
        return 0.0
    typical = sorted(effects[entry.index] for entry in seen)[len(seen) // 2]
    clear = VERDICTS.hidden_gap * typical
    right = sum(
        abs(entry.gap) <= entry.error and entry.error * prober.subject.space.entry(size, entry.index) < clear
        for entry in entries
    )
    return len(seen) / (len(seen) + right)


def _size(prober: Prober, block: int, entries: Sequence[Entry]) -> float:
    """Norm of what the right values of entries change the loss by, when they move by their typical sizes."""
    size = prober.data.scaling[block].size
    return math.hypot(*(entry.numeric * prober.subject.space.entry(size, entry.index) for entry in entries)) or math.inf


def _bar(prober: Prober, block: int, entry: Entry) -> float:
    """What the error bar of an entry changes the loss by, when it moves by its typical size."""
    return entry.error * prober.subject.space.entry(prober.data.scaling[block].size, entry.index)


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
