"""Which of the lines that may be wrong are named: those that the evidence singles out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gradcheck.recording.backward_values import Rank
from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget
from gradcheck.recording.record import Recording
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.repair import Repair
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Span

#: Mistakes that, where the gradients are off by one constant, may be undone on any line.
_OF_CONSTANTS = ("sign-flipped", "constant-factor", "mean-sum")

#: Constants that expressions, given by their place, have to be multiplied with.
Constants = Sequence[tuple[Span, float]]

#: Tries the edits of a unit while the budget lasts, with or without other variables, and first those that bring in some
#: constants: the first that helps.
TryEdits = Callable[[int, bool, Constants, Budget], Repair | None]


class Edits:
    """The edits that one search for lines tries, of all units together within one budget.

    Parameters
    ----------
    try_edits : callable
    budget : Budget
    """

    def __init__(self, try_edits: TryEdits, budget: Budget) -> None:
        self._try_edits, self._budget = try_edits, budget
        self._without: set[tuple[int, bool]] = set()

    @property
    def is_spent(self) -> bool:
        """Whether edits may be left that were not tried."""
        return self._budget.is_spent

    def repair(self, unit: int, *, wider: bool, constants: Constants = ()) -> Repair | None:
        """The first edit of a unit that helps; None if there is none, or not enough is left to find it."""
        if self.is_spent or (not constants and (unit, wider) in self._without):
            return None
        found = self._try_edits(unit, wider, constants, self._budget)
        if found is None and not self.is_spent:
            self._without.add((unit, wider))
        return found


def confirmed(blame: Blame, found: Sequence[Faulty], other: Recording | None, wrong: Sequence[int]) -> list[Faulty]:
    """Wrong lines with what holds at another point too: that they are wrong, and the constant by which they are off.

    A point at which all gradients are right, as where a scale is still one, tells nothing.
    """
    if other is None:
        return [replace(each, factor=None) for each in found]
    there = Blame(other, wrong)
    again = {other.units[each.unit]: each for each in there.lines()}
    kept = []
    for each in found:
        same = again.get(blame.recording.units[each.unit])
        alike = (
            same is not None
            and same.factor is not None
            and each.factor is not None
            and abs(same.factor / each.factor - 1.0) < RECORDING.alike
        )
        proved = each.proved and (not there.backward.claims or (same is not None and same.proved))
        kept.append(replace(each, factor=each.factor if alike else None, proved=proved))
    return kept


def agrees(recording: Recording, passing: Sequence[bool], rtol: float) -> bool:
    """Whether a recording agrees with the verdict on each block that passes: else it is the recording that is wrong."""
    for passes, claim, truth in zip(passing, recording.claims, recording.truths, strict=True):
        if passes and claim is not None and truth is not None:
            value = np.asarray(recording.graph.values[claim].array).reshape(np.shape(truth))
            gap, size = float(np.linalg.norm(value - truth)), float(np.linalg.norm(truth))
            if not gap <= RECORDING.trusted * rtol * max(size, float(np.linalg.norm(value))):
                return False
    return True


def tried_repairs(blame: Blame, found: Sequence[Faulty], edits: Edits) -> list[tuple[int, Repair]]:
    """Units that an edit repairs: by one that brings in other variables only the lines that were found."""
    repairs: list[tuple[int, Repair]] = []
    for unit in (unit for each in found for unit in each.passing):  # of one value: the first that can be repaired
        repair = edits.repair(unit, wider=False) or edits.repair(unit, wider=True)
        if repair is not None:
            return [(unit, repair)]
    rivals = False  # a line that is right by itself, but that an edit makes right as well
    units = dict.fromkeys(unit for each in found for unit in (*blame.edit_sites.region(each), each.user))
    suspects = dict.fromkeys(each.unit for each in found if each.proved)
    suspects |= dict.fromkeys(
        unit
        for each in found
        for unit in (*blame.edit_sites.exchanged(each), each.unit, each.user, *blame.edit_sites.users(each))
    )
    for wider, those in ((False, units), (True, suspects)):
        for unit in those:
            if repairs and any(each.unit == repairs[0][0] and each.proved for each in found):
                return repairs
            if blame.dataflow.most_entries(unit) > RECORDING.most_entries:
                continue
            constants = [
                each for one in found if one.unit == unit and not wider for each in blame.edit_sites.constants(one)
            ]
            repair = edits.repair(unit, wider=wider, constants=constants)
            if repair is None:
                rivals = rivals or edits.is_spent  # what was not tried might help as well
                continue
            is_open = any(
                blame.operands.is_open(unit, each) or unit in blame.edit_sites.exchanged(each) for each in found
            )
            if is_open or repair.slug in ("shifted", "missing-path"):
                repairs.append((unit, repair))
            elif wider or (repair.slug in _OF_CONSTANTS and not blame.dataflow.returns_forward_values(unit)):
                rivals = True
        if repairs:
            break
    return [] if rivals and not any(each.proved for each in found) else repairs


def found_by_repair(blame: Blame, unit: int) -> Faulty:
    """A line that is known to be wrong from its repair."""
    blocks = tuple(sorted({claim.block for claim in blame.backward.claims}))
    sites = blame.recording.sites
    made = [v.id for v in blame.recording.graph.values if v.site is not None and sites[v.site].unit == unit]
    return Faulty(unit, made[-1], None, None, blocks, None, Rank.NOTHING, unit, proved=False)


def singled_out(
    blame: Blame, found: Sequence[Faulty], repairs: Sequence[tuple[int, Repair]]
) -> list[tuple[Faulty, Repair | None]]:
    """The lines that the evidence singles out, each with an edit that makes the gradients right if there is one.

    A line is singled out if all that it reads is right, or if it alone can be repaired.
    """
    blocks = tuple(sorted({block for each in found for block in each.blocks}))
    made = [
        each
        for each in repairs
        if each[1].slug not in _OF_CONSTANTS or not blame.dataflow.returns_forward_values(each[0])
    ]
    repairs = made or repairs  # a sign or a constant is wrong where something is computed
    passing = {unit for each in found for unit in each.passing}
    computed = [
        each
        for each in repairs
        if each[1].slug in _OF_CONSTANTS or not blame.dataflow.passes_on(each[0]) or each[0] in passing
    ]
    repairs = computed or repairs  # so is what is missing there
    inexact = [
        each for each in repairs if each[1].slug not in _OF_CONSTANTS or not blame.backward.makes_derivatives(each[0])
    ]
    repairs = inexact or repairs  # a multiple of the derivative of a variable would be none
    against = [each for each in repairs if not blame.backward.is_scaled or each[1].slug not in _OF_CONSTANTS]
    if len(found) == 1 and found[0].proved:
        own = [repair for unit, repair in repairs if unit == found[0].unit]
        if own or not against:
            return [(found[0], own[0] if own else None)]
    units = {unit for unit, _ in repairs}
    constant = len(found) == 1 and found[0].factor is not None
    if constant and units == {found[0].unit} and not blame.dataflow.passes_on(found[0].unit):
        return [(found[0], repairs[0][1])]
    if len(units) == 1 and against:
        unit, repair = repairs[0]
        if blame.dataflow.passes_on(unit) and unit not in passing:
            return []
        if len(found) == 1 and unit == found[0].unit and found[0].needed is not None and not repair.slug:
            return [(replace(found[0], blocks=blocks, factor=None), repair)]  # the values may show the mistake
        return [(replace(found[0], unit=unit, of=None, blocks=blocks, factor=None, rank=Rank.NOTHING), repair)]
    apart = sum(len(each.blocks) for each in found) == len(blocks)
    shaped = all(each.needed is not None and np.size(each.needed) > 1 for each in found)
    many = len(found) > 1 and apart and shaped and not repairs and all(each.proved for each in found)
    return [(each, None) for each in found] if many else []
