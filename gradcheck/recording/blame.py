"""Which line is wrong: the one whose value, put right, makes the claimed gradients right.

Every value of the backward pass may be replaced by the adjoint of a value of the forward pass, and the claims computed
again from the recorded graph, without the user's functions. Upstream of a mistake no such substitution helps, at the
mistake and downstream of it one does: the first value that helps is where it was made. A value that is made rightly
from what comes in is no such place: it is the exact adjoint of something, or of something pulled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.recording.backward_values import BackwardValues, Rank
from gradcheck.recording.budget import Budget
from gradcheck.recording.choice import Choice
from gradcheck.recording.dataflow import Dataflow
from gradcheck.recording.edit_sites import EditSites
from gradcheck.recording.evidence import Evidence
from gradcheck.recording.graph import Value
from gradcheck.recording.operands import Operands
from gradcheck.recording.operations import same
from gradcheck.recording.record import Recording
from gradcheck.recording.remedies import Faulty, Remedy, merged
from gradcheck.recording.remedy_checks import RemedyChecks
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.slopes import Slopes
from gradcheck.recording.sources import Sources
from gradcheck.recording.substitutions import Substitutions
from gradcheck.tracebacks import pass_on_signal


class Blame:
    """The search for wrong lines in one recording.

    Parameters
    ----------
    recording : Recording
    wrong : sequence of int
        Blocks that failed.

    Attributes
    ----------
    recording : Recording
    dataflow : Dataflow
        What each line reads and passes on.
    backward : BackwardValues
        What the values of the backward pass are, and the claims.
    slopes : Slopes
        Which arrays are derivatives of one forward value with respect to another.
    operands : Operands
        Whether what a line reads is known to be right.
    evidence : Evidence
        What names a mistake.
    edit_sites : EditSites
        Where an edit may help.
    """

    def __init__(self, recording: Recording, wrong: Sequence[int]) -> None:
        self.recording, self._graph = recording, recording.graph
        self._budget = Budget(max(RECORDING.most_recomputed, RECORDING.most_passes * len(recording.graph.values)))
        self.dataflow = Dataflow(recording)
        self.backward = BackwardValues(self.dataflow, wrong)
        self.slopes = Slopes(self.dataflow, self.backward)
        self.operands = Operands(self.dataflow, self.backward, self.slopes)
        self.evidence = Evidence(self.dataflow, self.backward)
        self.edit_sites = EditSites(self.dataflow, self.backward, self.operands, self.evidence)
        self._sources = Sources(self.dataflow, self.backward, self.slopes, self.operands)
        self._substitutions = Substitutions(self.dataflow, self.backward, self.slopes, self._budget)
        self._checks = RemedyChecks(self.dataflow, self.backward, self.slopes, self.operands)
        self._choice = Choice(self.dataflow, self.backward, self.operands, self._checks)

    def lines(self) -> list[Faulty]:
        """The fewest lines whose values, put right, make all claims right that can be made so."""
        scaled = self._scaled_line()
        if scaled is not None:
            return [scaled]
        suspects = self.backward.suspects()
        applied: dict[int, Any] = {}
        left = set(range(len(self.backward.claims)))
        chosen: list[Faulty] = []
        while left and not self._budget.is_spent:
            found = [r for r in self._substitutions.remedies(suspects, applied, left) if r.fixes & left]
            if not found:
                break
            best = self._choice.best_of(found, left)
            best = replace(best, alone=best.alone and self._choice.is_alone(best, found, left))
            applied.update(best.instead)
            faulty = self._inside(best, tuple(sorted({self.backward.claims[k].block for k in best.fixes & left})))
            left -= best.fixes
            chosen.append(replace(faulty, instead=best.instead))
        return merged(chosen)

    def _scaled_line(self) -> Faulty | None:
        """The only line that brings in a constant each time, and without which all claims are right."""
        found: list[Faulty] = []
        for unit, values in self.backward.results().items():
            factor = self._constant_of(unit, values)
            if factor is None or self._budget.is_spent:
                continue
            blocks = tuple(sorted({claim.block for claim in self.backward.claims}))
            if self._is_right_without(values, factor):
                first = values[0]
                of = self.backward.meaning(first)[0].of
                needed = np.asarray(first.array, dtype=np.float64) / factor
                found.append(Faulty(unit, first.id, needed, of, blocks, factor, Rank.MULTIPLE, unit, True))
        return found[0] if len(found) == 1 else None

    def _constant_of(self, unit: int, values: Sequence[Value]) -> float | None:
        """The constant that a line brings in: the same each time, and not one."""
        common: set[float] | None = None
        for value in values:
            read = self.operands.factors_read(value, unit, named=True)
            if len(read) > 1 or self.operands.open_operands(value, unit):
                return None  # what is read may be the derivative of one or another, or what is wrong
            own = {m.factor for m in self.backward.meaning(value)}
            brought = {round(mine / other, 9) for mine in own for other in read}
            common = brought if common is None else common & brought
        if not common or 1.0 in common or len(common) != 1:
            return None
        return common.pop()

    def _is_right_without(self, values: Sequence[Value], factor: float) -> bool:
        """Whether all claims are right once some values are divided by a constant."""
        claims = [*self.backward.claims, *self.backward.right]
        ids = {value.id for value in values}
        changed: dict[int, Any] = {}
        order = self._graph.order(ids, [claim.id for claim in claims])
        self._budget.spend(len(order))
        try:
            for each in [*values[:1], *order]:
                if each.id in changed:
                    continue
                assert each.function is not None
                args, kwargs = self._graph.filled(each.args, changed), self._graph.filled(each.kwargs, changed)
                new = each.function(*args, **kwargs)
                changed[each.id] = new / factor if each.id in ids else new
        except Exception as error:
            pass_on_signal(error)
            return False
        now = (changed.get(claim.id, self._graph.values[claim.id].array) for claim in claims)
        return all(self.recording.is_equal(claim.truth, value) for claim, value in zip(claims, now, strict=True))

    def _inside(self, remedy: Remedy, blocks: tuple[int, ...]) -> Faulty:
        """The line of a remedy, or the line that made a wrong factor of it."""
        value = self._graph.values[remedy.start]
        unit = self.recording.sites[remedy.site].unit
        needed, of = remedy.instead[value.id], remedy.of[remedy.values.index(value.id)]
        if remedy.rank is Rank.NOTHING:
            before = {each: remedy.instead[each] for each in remedy.values if each < value.id}
            self.backward.correct(self._graph.recomputed(before, range(value.id)) if before else {})
        helped = False
        if self._checks.is_slope_of_helper(remedy) or self._checks.is_returned_rightly(remedy):
            callers = self.dataflow.callers(value, unit)
            callers = callers if remedy.rank is Rank.NOTHING else callers[::-1]  # what is right goes furthest
            named, passing = (callers[0], tuple(callers)) if callers else (unit, ())
            proved, passing = (remedy.alone, ()) if len(passing) == 1 else (False, passing)
            return Faulty(named, value.id, needed, of, blocks, None, remedy.rank, unit, proved, passing=passing)
        fed = self._sources.fed_wrongly(remedy)
        if fed is not None:
            assert fed.unit is not None
            return Faulty(
                fed.unit,
                fed.id,
                None,
                of,
                blocks,
                None,
                Rank.NOTHING,
                unit,
                self.operands.reads_what_is_right(fed, fed.unit),
            )
        try:
            source = self._sources.source_of(value, unit, needed) if remedy.rank is Rank.NOTHING else None
            if source is not None and self.slopes.is_right_elsewhere(source, unit):
                source, helped = None, True
            if source is not None:
                assert source.unit is not None
                units = self.recording.units
                near = (
                    units[source.unit].function == units[unit].function
                )  # else a helper, perhaps right for another argument
                near = near and not self.backward.is_neutral_term(value, unit, source)
                proved = near and remedy.alone and self.operands.reads_what_is_right(source, source.unit)
                proved = proved and remedy.factor is None  # a constant may be missing in either line
                proved = proved and self.slopes.has_a_right_value(source, value, needed)
                return Faulty(source.unit, source.id, None, of, blocks, None, Rank.NOTHING, unit, proved)
            kept = self._sources.left_as_it_was(value, unit)
            if kept is not None:
                assert kept.unit is not None
                value, unit = kept, kept.unit
            elif value.function is not same and self.dataflow.passes_on(unit):
                source = self._sources.passed_on(value, unit)
                if source is None:
                    return Faulty(unit, value.id, needed, of, blocks, remedy.factor, remedy.rank, unit, False)
                value, unit = source, self.recording.sites[source.site or 0].unit
                needed = None if remedy.factor is None else np.asarray(source.array) / remedy.factor
            slope = (
                None
                if remedy.factor is None
                else self._sources.read_as_a_multiple_of_a_slope(value, unit, remedy.factor)
            )
            if slope is not None:
                assert slope.unit is not None
                proved = remedy.alone and self.operands.reads_what_is_right(slope, slope.unit)
                return Faulty(slope.unit, slope.id, None, of, blocks, None, Rank.NOTHING, unit, proved)
            multiple = None if needed is None else self._sources.read_as_a_multiple(value, unit, needed)
            if multiple is not None:
                value, unit, needed, constant = multiple
                proved = remedy.alone and self.operands.reads_what_is_right(value, unit, needed)
                proved = proved and not self._sources.reads_what_may_be_a_multiple(value, unit, needed, constant)
                return Faulty(unit, value.id, needed, of, blocks, constant, Rank.MULTIPLE, unit, proved)
            proved = remedy.alone and (helped or self.operands.reads_what_is_right(value, unit, needed))
            proved = proved and not self.operands.is_made_of_numbers(value, unit)
            proved = proved and (remedy.rank is not Rank.FORWARD or len(remedy.fixes) > 1)
            adds_up = needed is not None and self._sources.adds_up_parts(value, unit, needed)
            proved = proved and (self._checks.is_renaming(remedy) or not adds_up)
            factor = remedy.factor
            last = self.backward.leads_to_claim(value) and self._checks.reads_innocent(remedy)
            if remedy.rank is Rank.WHOLE and np.size(value.array) < 2 and not last:
                proved, factor = False, None  # a number that is right by itself
            return Faulty(unit, value.id, needed, of, blocks, factor, remedy.rank, unit, proved)
        finally:
            self.backward.correct({})
