"""Which line is wrong: the one whose value, put right, makes the claimed gradients right.

Every value of the backward pass may be replaced by the adjoint of a value of the forward pass, and the claims computed
again from the recorded graph, without the user's functions. Upstream of a mistake no such substitution helps, at the
mistake and downstream of it one does: the first value that helps is where it was made. A value that is made rightly
from what comes in is no such place: it is the exact adjoint of something, or of something pulled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.backward_values import BackwardValues, Rank
from gradcheck.recording.budget import Budget
from gradcheck.recording.dataflow import SUMS, Dataflow, is_move
from gradcheck.recording.edit_sites import EditSites
from gradcheck.recording.evidence import Evidence
from gradcheck.recording.graph import Value
from gradcheck.recording.matching import Kind, reshaped
from gradcheck.recording.operands import Operands
from gradcheck.recording.operations import same
from gradcheck.recording.record import Recording, equal
from gradcheck.recording.remedies import Faulty, Remedy, merged
from gradcheck.recording.rules import NoRule
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
    backward : BackwardValues
    slopes : Slopes
    operands : Operands
    evidence : Evidence
    edit_sites : EditSites
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
            best = self._choice(found, left)
            best = replace(best, alone=best.alone and self._is_alone(best, found, left))
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

    def _choice(self, found: Sequence[Remedy], left: set[int]) -> Remedy:
        """Those that help most; among them the first that is not made rightly from what comes in."""
        most = max(len(remedy.fixes & left) for remedy in found)
        best = sorted((r for r in found if len(r.fixes & left) == most), key=lambda r: r.start)
        kept = self._without_right_lines(best)
        if not kept:
            units = {self.recording.sites[remedy.site].unit for remedy in best}
            return replace(best[-1], alone=len(units) == 1 and self._is_returned_rightly(best[-1]))
        best = kept
        every, best = best, [r for r in best if not self._only_passes_on(r)] or best
        free, heads = self._not_passed_on(best)
        wrong = [r for r in free if r in heads or self._is_wrong_by_itself(r, free)]
        if wrong:
            return self._behind_head(wrong[0], best, every, left)
        derivatives = [r for r in free if r.rank is not Rank.FORWARD]
        last = (derivatives or free)[-1]
        alone = self._is_renaming(last) or len(last.fixes & left) > 1 or self._reads_innocent(last)
        return replace(last, alone=alone)

    def _without_right_lines(self, best: Sequence[Remedy]) -> list[Remedy]:
        """Those of lines that do not end with exactly the derivative of a variable."""
        last: dict[int, Remedy] = {}
        for remedy in best:
            last[self.recording.sites[remedy.site].unit] = remedy
        right = {
            unit
            for unit, remedy in last.items()
            if not self._is_renaming(remedy)
            and all(self.backward.is_of_variable(self._graph.values[i]) for i in remedy.values)
            and any(self._graph.values[i].names for i in remedy.values)
        }
        return [r for r in best if self.recording.sites[r.site].unit not in right]

    def _reads_innocent(self, remedy: Remedy) -> bool:
        """Whether all that a line reads is of the forward pass, or needed by a claim that is right."""
        unit = self.recording.sites[remedy.site].unit
        read = self.dataflow.operands_of(self._graph.values[remedy.start], unit)
        return all(
            v.function is None
            or v.id in self.dataflow.of_loss
            or v.id in self.backward.innocent
            or self.backward.matches.is_forward(v.array)
            for v in read
        )

    def _not_passed_on(self, best: Sequence[Remedy]) -> tuple[list[Remedy], list[Remedy]]:
        """Those that are not wrong by exactly what an earlier one is wrong by, pulled back through the forward pass.

        A value that is right by itself, but perhaps meant as something else, passes nothing on within a function. If
        it is made of no derivative, and another function makes the right thing of it, it is among the second: that
        function serves all that are passed to it.
        """
        passed: set[int] = set()
        heads: list[Remedy] = []
        for i, remedy in enumerate(best):
            if self._is_own_adjoint(remedy):
                continue
            right = self._is_right_by_itself(remedy, best)
            if right and not self._is_head(remedy):
                continue
            later = [k for k in range(i + 1, len(best)) if k not in passed and best[k].of != remedy.of]
            later = [k for k in later if self._is_beyond(remedy, best[k], elsewhere=right)]
            errors = self._errors_below(remedy) if later else []
            explained = [k for k in later if any(self._is_explained(best[k], below) for below in errors)]
            passed.update(explained)
            if right and explained:
                heads.append(remedy)
        return [remedy for k, remedy in enumerate(best) if k not in passed], heads

    def _is_beyond(self, remedy: Remedy, later: Remedy, *, elsewhere: bool) -> bool:
        """Whether a later line, or one of another function, is to be excused by an earlier one."""
        sites, units = self.recording.sites, self.recording.units
        own, other = sites[remedy.site].unit, sites[later.site].unit
        if elsewhere:
            return (units[own].file, units[own].function) != (units[other].file, units[other].function)
        return remedy.rank is not Rank.FORWARD or (remedy.factor is not None and own != other)

    def _is_right_by_itself(self, remedy: Remedy, others: Sequence[Remedy]) -> bool:
        """Whether a value is the derivative of something, if not of what it has to be here."""
        derivative = remedy.rank in (Rank.WHOLE, Rank.MULTIPLE, Rank.PART) and remedy.factor is None
        derivative = derivative and not self._is_renaming(remedy) and not self._brings_in_a_constant(remedy)
        derivative = derivative and not self._is_short_of_a_variable(remedy)
        return derivative and not self._lacks_a_part(remedy, others)

    def _is_renaming(self, remedy: Remedy) -> bool:
        """Whether a line does nothing to the derivative that it reads."""
        value = self._graph.values[remedy.start]
        if value.function is same:
            return True
        if value.function not in (np.multiply, np.true_divide):
            return False
        read = (self._graph.values[i] for i in value.inputs)
        alike = (v for v in read if np.shape(v.array) == np.shape(value.array) and v.phase == 1)
        return any(v.function is not None and equal(v.array, value.array, self.recording.tolerance) for v in alike)

    def _goes_on(self, remedy: Remedy) -> bool:
        """Whether an expression is computed again of what it has made before, as a step back in time is."""
        own = set(remedy.values)
        return any(own & set(self._graph.values[each].inputs) for each in remedy.values[1:])

    def _is_wrong_by_itself(self, remedy: Remedy, others: Sequence[Remedy]) -> bool:
        """Whether a value is no derivative at all, or a multiple or a part of the one that it has to be."""
        if self._is_own_adjoint(remedy):
            return False
        if remedy.rank is Rank.FORWARD:
            if self._is_repeated(remedy):
                return False
            unit = self.recording.sites[remedy.site].unit
            after = (r for r in others if r.start > remedy.start)
            return remedy.factor is not None and all(self.recording.sites[r.site].unit != unit for r in after)
        if remedy.factor is not None:
            return not self._is_carried(remedy)
        if self._is_slope_of_helper(remedy):
            return False
        if remedy.rank is Rank.NOTHING or self._brings_in_a_constant(remedy):
            return True
        if (self._is_renaming(remedy) and self._goes_on(remedy)) or self._is_short_of_a_variable(remedy):
            return True
        return self._lacks_a_part(remedy, others)

    def _is_short_of_a_variable(self, remedy: Remedy) -> bool:
        """Whether a line gives a name to the derivative of a value without one, where that of a variable is needed."""
        start, of, _ = self._first_of(remedy)
        exact = [m.of for m in self.backward.meaning(start) if m.kind is Kind.WHOLE and m.exact]
        known = of is not None and bool(self._graph.values[of].names)
        return bool(start.names and exact) and known and not any(self._graph.values[i].names for i in exact)

    def _is_repeated(self, remedy: Remedy) -> bool:
        """Whether a line computes a value of the forward pass again, under the name that it has there."""
        value = self._graph.values[remedy.start]
        alike = list(self.backward.matches.forward(value.array))
        return value.function is not same and any(set(value.names) & set(self._graph.values[i].names) for i in alike)

    def _is_slope_of_helper(self, remedy: Remedy) -> bool:
        """Whether a function returns the derivative of one forward value by another, which its caller has to use."""
        value = self._graph.values[remedy.start]
        unit = self.recording.units[self.recording.sites[remedy.site].unit]
        nothing = remedy.rank is Rank.NOTHING and np.ptp(value.array) > 0
        return nothing and unit.is_result and self.slopes.is_slope(value.array)

    def _is_returned_rightly(self, remedy: Remedy) -> bool:
        """Whether a function returns the derivative of a value, and its caller takes it for that of another one.

        A function that gives back what it gets, or part of a derivative, may be wrong itself.
        """
        value = self._graph.values[remedy.start]
        unit = self.recording.sites[remedy.site].unit
        derivative = remedy.rank is Rank.WHOLE and remedy.factor is None and not self._is_renaming(remedy)
        derivative = (
            derivative and np.size(value.array) > 1 and not self.backward.lacks_a_part(value, remedy.instead[value.id])
        )
        return derivative and self.recording.units[unit].is_result and bool(self.dataflow.callers(value, unit))

    def _brings_in_a_constant(self, remedy: Remedy) -> bool:
        """Whether a value is a multiple of a derivative, and what it is made of is none."""
        if remedy.rank is not Rank.MULTIPLE or self._is_head(remedy):
            return False
        start = self._graph.values[remedy.start]
        read = self.operands.factors_read(start, self.recording.sites[remedy.site].unit, every=True)
        own = {match.factor for match in self.backward.meaning(start)}
        return not any(abs(one / other - 1.0) < RECORDING.alike for one in own for other in read)

    def _is_carried(self, remedy: Remedy) -> bool:
        """Whether the line reads a derivative that is off by the same constant, and that no right claim needs."""
        start, _, adjoint = self._first_of(remedy)
        own = None if adjoint is None else self.backward.scale(adjoint, start.array)
        read = self.operands.factors_read(start, self.recording.sites[remedy.site].unit)
        return own is not None and any(abs(own / other - 1.0) < RECORDING.alike for other in read)

    def _first_of(self, remedy: Remedy) -> tuple[Value, int | None, Any]:
        """The first wrong value of an expression, what it belongs to, and the adjoint of that."""
        start = self._graph.values[remedy.start]
        of = remedy.of[min(remedy.values.index(remedy.start), len(remedy.of) - 1)]
        adjoint = None if of is None else self.recording.adjoints.of.get(of)
        return start, of, reshaped(adjoint, np.shape(start.array))

    def _is_own_adjoint(self, remedy: Remedy) -> bool:
        """Whether a value is exactly the adjoint of what it belongs to: then the constant is missing further down.

        Derivatives that are computed forwards belong to nothing else.
        """
        start, of, adjoint = self._first_of(remedy)
        if of is None:
            return any(match.kind is Kind.TANGENT and match.exact for match in self.backward.meaning(start))
        named = [m for m in self.backward.meaning(start) if self._graph.values[m.of].names]
        if not self._graph.values[of].names and named and not any(m.exact for m in named):
            return False  # it is nearer to a variable, and a multiple of its derivative
        return adjoint is not None and equal(adjoint, start.array, self.recording.tolerance)

    def _lacks_a_part(self, remedy: Remedy, others: Sequence[Remedy]) -> bool:
        """Whether a value is what one use contributes, where no later line adds anything to it, or could have."""
        start, of, adjoint = self._first_of(remedy)
        found = self.backward.meaning(start)
        if self.backward.is_of_variable(start) and not self._is_renaming(remedy):
            return False
        own = [m.of for m in found if m.kind is Kind.PART]
        if adjoint is None or of is None or not any(self._leads_to(of, each, adjoint) for each in own):
            return False
        needed = remedy.instead[start.id]
        if self.backward.scale(needed, start.array) is not None:
            return False  # a multiple lacks nothing
        later = [r for r in others if r.start > remedy.start and np.shape(r.instead[r.start]) == needed.shape]
        later = [r for r in later if self.recording.is_equal(r.instead[r.start], needed)]
        whole = any(self._graph.values[m.of].names for m in found if m.kind is Kind.WHOLE)
        if not later:
            return True
        return all(self._is_renaming(r) for r in later) and not whole and not self.backward.is_computed(needed, start)

    def _leads_to(self, of: int, other: int, adjoint: Any) -> bool:
        """Whether one forward value is made of another, or has its adjoint."""
        alike = reshaped(self.recording.adjoints.of.get(other), np.shape(adjoint))
        return (alike is not None and self.recording.is_equal(alike, adjoint)) or of in self._graph.ancestors([other])

    def _errors(self, remedy: Remedy) -> Iterator[tuple[int, Any]]:
        """Forward values, and the errors in their derivatives, in units of the constant that these carry."""
        for each, of in zip(remedy.values, remedy.of, strict=False):
            adjoint = None if of is None else self.recording.adjoints.of.get(of)
            if adjoint is None or of is None:
                continue
            error = np.asarray(self._graph.values[each].array, dtype=np.float64) - remedy.instead[each]
            shape = np.shape(self._graph.values[of].array)
            if error.size != int(np.prod(shape)) or not np.any(error):
                continue
            scale = self.backward.scale(reshaped(adjoint, error.shape), remedy.instead[each])
            yield of, reshaped(error / (scale or 1.0), shape)

    def _errors_below(self, remedy: Remedy) -> list[dict[int, Any]]:
        """What the errors of some values are for the values that theirs are made of: of the first, and of all."""
        seeds = list(self._errors(remedy))
        several = [dict(seeds[:1]), dict(seeds)] if len(seeds) > 1 else [dict(seeds)] if seeds else []
        try:
            return [adjoints(self._graph, each, set(self.recording.adjoints.of)).of for each in several]
        except NoRule:
            return []

    def _is_explained(self, remedy: Remedy, below: Mapping[int, Any]) -> bool:
        """Whether a value is wrong by what an error makes of it."""
        for of, error in self._errors(remedy):
            passed = below.get(of)
            return passed is not None and equal(passed, error, 10 * self.recording.tolerance)
        return False

    def _behind_head(self, first: Remedy, best: Sequence[Remedy], every: Sequence[Remedy], left: set[int]) -> Remedy:
        """The line that uses a residual, where the one wrong claim is a multiple of the right one.

        A residual is right by itself; the constant belongs to what is made of it.
        """
        if first.factor is None or abs(first.factor + 1.0) < 1e-6 or not self._is_head(first):
            return first
        needed = first.instead[first.start]
        again = [r for r in every if r.start > first.start and np.shape(r.instead[r.start]) == needed.shape]
        again = [r for r in again if self.recording.is_equal(r.instead[r.start], needed)]
        same_again = [r for r in again if self._is_renaming(r)]
        if same_again or len(first.fixes & left) > 1:
            return same_again[-1] if same_again else first
        working = [r for r in best if not self._only_moves(r)]
        return (working or list(best))[-1]

    def _is_alone(self, best: Remedy, found: Sequence[Remedy], left: set[int]) -> bool:
        """Whether no other line explains the claims as well: one whose value is an adjoint, but of something else."""
        value, unit = self._graph.values[best.values[0]], self.recording.sites[best.site].unit
        if best.factor is not None and abs(best.factor + 1.0) < RECORDING.alike and is_move(value.function):
            return value.function is same
        within = self.dataflow.within(value, unit)
        read = self.operands.factors_read(value, unit)
        if best.factor is not None and any(
            abs(one / best.factor / other - 1.0) < 1e-6 for one in read for other in read
        ):
            return False  # what the line reads may be meant as the one or the other
        if best.factor is not None and value.function is not same and all(v.function in SUMS for v in within):
            return False  # a sum brings in no constant
        if value.function is same:
            source = self._graph.values[value.inputs[0]]
            if source.site is None or source.phase == 0:
                return True
            if self.dataflow.is_named_elsewhere(source, unit):
                return False
            units = self.recording.units
            own = units[self.recording.sites[source.site].unit].function == units[unit].function
            return not own or not units[unit].is_result or self.backward.is_computed(best.instead[value.id], source)
        if best.factor is not None or best.rank not in (Rank.NOTHING, Rank.MULTIPLE):
            return True
        return not any(
            other.rank in (Rank.NAME, Rank.WHOLE, Rank.MULTIPLE, Rank.PART, Rank.FORWARD)
            and self._becomes_an_adjoint(other)
            and other.factor is None
            and other.start < best.start
            and self.recording.sites[other.site].unit != unit
            and self.backward.scale(other.instead[other.start], self._graph.values[other.start].array) is None
            for other in found
            if other.fixes & left >= best.fixes & left
        )

    def _becomes_an_adjoint(self, remedy: Remedy) -> bool:
        """Whether what a value has to be is an adjoint, or a part of one, and not a multiple that helps by chance."""
        start, of, _ = self._first_of(remedy)
        needed = remedy.instead[start.id]
        return of is None or any(match.exact for match in self.backward.meaning_of(needed))

    def _only_passes_on(self, remedy: Remedy) -> bool:
        """Whether a function returns, or stores, under another name what it has computed itself."""
        value = self._graph.values[remedy.values[0]]
        if value.function is not same:
            return False
        source, units = self._graph.values[value.inputs[0]], self.recording.units
        unit = self.recording.sites[remedy.site].unit
        if source.function is None or source.site is None or source.phase == 0:
            return False
        rank = self.backward.rank_of(source, source.array)
        exact = rank is not Rank.NOTHING and (rank is not Rank.MULTIPLE or remedy.factor is None)
        if exact and (not units[unit].is_result or self.backward.is_computed(remedy.instead[value.id], source)):
            return False  # what it names is right by itself
        inner = self.recording.sites[source.site].unit
        return units[inner].function == units[unit].function and units[inner].file == units[unit].file

    def _only_moves(self, remedy: Remedy) -> bool:
        """Whether an expression moves or adds up entries, without a number of its own."""
        value = self._graph.values[remedy.values[0]]
        source = self._graph.values[value.inputs[0]]
        passes = (
            source.phase == 1 and source.function is not None and not self.backward.matches.is_forward(source.array)
        )
        return passes and is_move(value.function)

    def _is_head(self, remedy: Remedy) -> bool:
        """Whether a value is made of no adjoint."""
        above = self._graph.ancestors(remedy.values) - set(remedy.values)
        return not any(
            self.backward.is_derivative(self._graph.values[i])
            for i in above
            if i not in self.dataflow.of_loss
            and self._graph.values[i].phase == 1
            and self._graph.values[i].site not in self.dataflow.forward_sites
        )

    def _inside(self, remedy: Remedy, blocks: tuple[int, ...]) -> Faulty:
        """The line of a remedy, or the line that made a wrong factor of it."""
        value = self._graph.values[remedy.start]
        unit = self.recording.sites[remedy.site].unit
        needed, of = remedy.instead[value.id], remedy.of[remedy.values.index(value.id)]
        if remedy.rank is Rank.NOTHING:
            before = {each: remedy.instead[each] for each in remedy.values if each < value.id}
            self.backward.correct(self._graph.recomputed(before, range(value.id)) if before else {})
        helped = False
        if self._is_slope_of_helper(remedy) or self._is_returned_rightly(remedy):
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
            proved = proved and (self._is_renaming(remedy) or not adds_up)
            factor = remedy.factor
            last = self.backward.leads_to_claim(value) and self._reads_innocent(remedy)
            if remedy.rank is Rank.WHOLE and np.size(value.array) < 2 and not last:
                proved, factor = False, None  # a number that is right by itself
            return Faulty(unit, value.id, needed, of, blocks, factor, remedy.rank, unit, proved)
        finally:
            self.backward.correct({})
