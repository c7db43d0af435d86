"""All blocks of one point screened: together first, block by block where that leaves a question open."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradcheck.differences.estimate import Status
from gradcheck.probes.averaging import averaged
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Contribution, Interval, Part


class Agreement(enum.Enum):
    """What a comparison says of a block, before anything is concluded from it."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    KINK = "kink"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Screening:
    """The comparison that counts for a block at a point, and what it says.

    Attributes
    ----------
    prober : Prober
        The one to use for this block.
    agreement : Agreement
    comparison : Comparison
        Along a line that moves this block alone, or all blocks together.
    contribution : Contribution
        What the block contributes along that line.
    line : Line
    own : bool
        Whether the line moves this block alone.
    lines : int
        How many lines agree on it.
    """

    prober: Prober
    agreement: Agreement
    comparison: Comparison
    contribution: Contribution
    line: Line
    own: bool
    lines: int = 1

    @property
    def coarseness(self) -> float:
        """Error bar relative to what a small entry contributes."""
        return self.comparison.hidden / self.contribution.small if self.contribution.small > 0 else 0.0


def agreement_of(comparison: Comparison) -> Agreement:
    """What one comparison says."""
    if comparison.estimate.status in (Status.NOT_FINITE, Status.SPENT) or not math.isfinite(comparison.error_bar):
        return Agreement.UNRESOLVED
    if comparison.kink:
        return Agreement.KINK
    if comparison.agrees:
        return Agreement.AGREES
    if comparison.disagrees:
        return Agreement.DISAGREES
    return Agreement.UNRESOLVED


def screen(
    prober: Prober,
    chosen: Sequence[int],
    lines: int,
    *,
    closely: bool = True,
    apart: bool = True,
    brief: bool = False,
    first: Sequence[Line] = (),
) -> dict[int, Screening]:
    """Screen the chosen blocks.

    Parameters
    ----------
    prober : Prober
    chosen : sequence of int
        Indices of blocks.
    lines : int
        How many joint lines must agree.
    closely : bool
        Whether more is spent on blocks that a first measurement leaves open.
    apart : bool
        Whether blocks are measured one by one where all together disagree or have a kink; those whose claim is zero
        always are.
    brief : bool
        Whether two steps along a line are enough where they agree; they always are along lines that only confirm.
    first : sequence of Line
        The first lines through all blocks, where they were drawn already.

    Returns
    -------
    dict of int to Screening
    """
    zero = [b for b in chosen if prober.data.zero[b]]
    live = [b for b in chosen if b not in zero]
    found: dict[int, Screening] = {}
    if live:
        found |= _together(prober, live, lines, closely, apart, brief, first)
    if zero:
        found |= _together(prober, zero, 1, closely, apart=True)
    return found


def screen_block(prober: Prober, block: int, *, brief: bool = False) -> Screening:
    """Screen one block along one line, with no second measurement."""
    return screen(prober, [block], 1, closely=False, brief=brief)[block]


def _together(
    prober: Prober,
    group: Sequence[int],
    count: int,
    closely: bool,
    apart: bool,
    brief: bool = False,
    first: Sequence[Line] = (),
) -> dict[int, Screening]:
    drawn = iter(first)
    prober = prober.for_block(group[0]) if len(group) == 1 else prober
    line, comparison = _measured(prober, group, brief, next(drawn, None))
    done = 1
    while done < count and agreement_of(comparison) is Agreement.AGREES and _affordable(prober):
        another, again = _measured(prober, group, True, next(drawn, None))
        done += 1
        if agreement_of(again) is not Agreement.AGREES or again.error_bar > comparison.error_bar:
            line, comparison = another, again
    agreement = agreement_of(comparison)
    prober.evaluator.enter("block by block")
    found = {}
    for b in group:
        share = line.contribution(b)
        sharp = comparison.zero or comparison.error_bar <= prober.data.rtol * share.small
        left_joint = not apart and agreement in (Agreement.DISAGREES, Agreement.KINK)
        if len(group) == 1 or left_joint or (agreement is Agreement.AGREES and sharp):
            one = Screening(prober, agreement, comparison, share, line, own=len(group) == 1, lines=done)
        else:
            own = prober.for_block(b)
            own_line, alone = _measured(own, [b])
            one = Screening(own, agreement_of(alone), alone, own_line.contribution(b), own_line, own=True)
        found[b] = resolve(b, one) if closely else one
    return found


def _affordable(prober: Prober) -> bool:
    """Whether a further line that only confirms may be drawn: a passing check is to stay cheap."""
    return prober.evaluator.spent <= PROBES.frugal <= prober.evaluator.left


def _measured(
    prober: Prober, group: Sequence[int], brief: bool = False, drawn: Line | None = None
) -> tuple[Line, Comparison]:
    line = drawn or prober.line(group)
    return line.fresh(), prober.measure(line, brief=brief)


def resolve(block: int, hasty: Screening) -> Screening:
    """Spend more evaluations on a block that a first measurement left open: on its parts, or on averages."""
    if hasty.agreement is not Agreement.UNRESOLVED:
        return hasty
    found = _in_parts(block, hasty)
    return _with_averages(found) if found.agreement is Agreement.UNRESOLVED else found


def _with_averages(hasty: Screening) -> Screening:
    """Average the noise out. Only agreement counts: noise may be the same at neighbouring steps."""
    comparison = averaged(hasty.prober, hasty.line, hasty.comparison)
    return replace(hasty, agreement=Agreement.AGREES, comparison=comparison) if comparison.agrees else hasty


def _in_parts(block: int, whole: Screening) -> Screening:
    """Measure a block in bands of entries of similar effect, or entry by entry if it is small.

    Small entries need longer steps than large ones allow.
    """
    prober = whole.prober.again()  # the steps that suit parts are not remembered for the whole
    scaling = prober.data.scaling[block]
    found = _all_parts(prober, block, prober.subject.space.bands(scaling, PROBES.bands), whole)
    size = prober.subject.blocks[block].size
    if found.agreement is Agreement.UNRESOLVED and 1 < size <= PROBES.small_block:
        found = _all_parts(prober, block, [Interval(i, i + 1) for i in range(size)], whole)
    return found


def _all_parts(prober: Prober, block: int, parts: Sequence[Part], whole: Screening) -> Screening:
    """The coarsest screening of the parts of a block if all agree, else the first that does not."""
    found = whole
    for part in parts:
        if not prober.subject.space.selects(prober.data.scaling[block], part):
            continue
        if prober.evaluator.left < PROBES.detail_cost:
            return whole
        line = prober.line_along({block: part})
        comparison = prober.measure(line)
        one = Screening(whole.prober, agreement_of(comparison), comparison, line.contribution(block), line, own=True)
        if one.agreement is Agreement.UNRESOLVED:
            one = _with_averages(one)
        if one.agreement is not Agreement.AGREES:
            return whole if one.agreement is Agreement.UNRESOLVED else one
        if found is whole or one.coarseness > found.coarseness:
            found = one
    return found
