"""What one remedy shows: whether the value is wrong by itself, or right and meant as something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.recording.backward_values import BackwardValues, Rank
from gradcheck.recording.dataflow import Dataflow, is_move
from gradcheck.recording.graph import Value
from gradcheck.recording.matching import Kind, reshaped
from gradcheck.recording.operands import Operands
from gradcheck.recording.operations import same
from gradcheck.recording.record import equal
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.slopes import Slopes


class RemedyChecks:
    """What is known of the values that a remedy replaces.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    slopes : Slopes
    operands : Operands
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues, slopes: Slopes, operands: Operands) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._slopes = slopes
        self._operands = operands
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph

    def _first_of(self, remedy: Remedy) -> tuple[Value, int | None, Any]:
        """The first wrong value of an expression, what it belongs to, and the adjoint of that."""
        start = self._graph.values[remedy.start]
        of = remedy.of[min(remedy.values.index(remedy.start), len(remedy.of) - 1)]
        adjoint = None if of is None else self._recording.adjoints.of.get(of)
        return start, of, reshaped(adjoint, np.shape(start.array))

    def is_right_by_itself(self, remedy: Remedy, others: Sequence[Remedy]) -> bool:
        """Whether a value is the derivative of something, if not of what it has to be here."""
        derivative = remedy.rank in (Rank.WHOLE, Rank.MULTIPLE, Rank.PART) and remedy.factor is None
        derivative = derivative and not self.is_renaming(remedy) and not self._brings_in_a_constant(remedy)
        derivative = derivative and not self._is_short_of_a_variable(remedy)
        return derivative and not self._is_one_use(remedy, others)

    def is_wrong_by_itself(self, remedy: Remedy, others: Sequence[Remedy]) -> bool:
        """Whether a value is no derivative at all, or a multiple or a part of the one that it has to be."""
        if self.is_own_adjoint(remedy):
            return False
        if remedy.rank is Rank.FORWARD:
            if self._is_repeated(remedy):
                return False
            unit = self._recording.sites[remedy.site].unit
            after = (r for r in others if r.start > remedy.start)
            return remedy.factor is not None and all(self._recording.sites[r.site].unit != unit for r in after)
        if remedy.factor is not None:
            return not self._is_carried(remedy)
        if self.is_slope_of_helper(remedy):
            return False
        if remedy.rank is Rank.NOTHING or self._brings_in_a_constant(remedy):
            return True
        if (self.is_renaming(remedy) and self._goes_on(remedy)) or self._is_short_of_a_variable(remedy):
            return True
        return self._is_one_use(remedy, others)

    def is_own_adjoint(self, remedy: Remedy) -> bool:
        """Whether a value is exactly the adjoint of what it belongs to: then the constant is missing further down.

        Derivatives that are computed forwards belong to nothing else.
        """
        start, of, adjoint = self._first_of(remedy)
        if of is None:
            return any(match.kind is Kind.TANGENT and match.exact for match in self._backward.meaning(start))
        named = [m for m in self._backward.meaning(start) if self._graph.values[m.of].names]
        if not self._graph.values[of].names and named and not any(m.exact for m in named):
            return False  # it is nearer to a variable, and a multiple of its derivative
        return adjoint is not None and equal(adjoint, start.array, self._recording.tolerance)

    def is_renaming(self, remedy: Remedy) -> bool:
        """Whether a line does nothing to the derivative that it reads."""
        value = self._graph.values[remedy.start]
        if value.function is same:
            return True
        if value.function not in (np.multiply, np.true_divide):
            return False
        read = (self._graph.values[i] for i in value.inputs)
        alike = (v for v in read if np.shape(v.array) == np.shape(value.array) and v.phase == 1)
        return any(v.function is not None and equal(v.array, value.array, self._recording.tolerance) for v in alike)

    def _is_short_of_a_variable(self, remedy: Remedy) -> bool:
        """Whether a line gives a name to the derivative of a value without one, where that of a variable is needed."""
        start, of, _ = self._first_of(remedy)
        exact = [m.of for m in self._backward.meaning(start) if m.kind is Kind.WHOLE and m.exact]
        known = of is not None and bool(self._graph.values[of].names)
        return bool(start.names and exact) and known and not any(self._graph.values[i].names for i in exact)

    def _is_repeated(self, remedy: Remedy) -> bool:
        """Whether a line computes a value of the forward pass again, under the name that it has there."""
        value = self._graph.values[remedy.start]
        alike = list(self._backward.matches.forward(value.array))
        return value.function is not same and any(set(value.names) & set(self._graph.values[i].names) for i in alike)

    def is_slope_of_helper(self, remedy: Remedy) -> bool:
        """Whether a function returns the derivative of one forward value by another, which its caller has to use."""
        value = self._graph.values[remedy.start]
        unit = self._recording.units[self._recording.sites[remedy.site].unit]
        nothing = remedy.rank is Rank.NOTHING and np.ptp(value.array) > 0
        return nothing and unit.is_result and self._slopes.is_slope(value.array)

    def is_returned_rightly(self, remedy: Remedy) -> bool:
        """Whether a function returns the derivative of a value, and its caller takes it for that of another one.

        A function that gives back what it gets, or part of a derivative, may be wrong itself.
        """
        value = self._graph.values[remedy.start]
        unit = self._recording.sites[remedy.site].unit
        derivative = remedy.rank is Rank.WHOLE and remedy.factor is None and not self.is_renaming(remedy)
        derivative = (
            derivative and np.size(value.array) > 1 and not self._backward.lacks_a_part(value, remedy.instead[value.id])
        )
        return derivative and self._recording.units[unit].is_result and bool(self._dataflow.callers(value, unit))

    def _brings_in_a_constant(self, remedy: Remedy) -> bool:
        """Whether a value is a multiple of a derivative, and what it is made of is none."""
        if remedy.rank is not Rank.MULTIPLE or self.is_head(remedy):
            return False
        start = self._graph.values[remedy.start]
        read = self._operands.factors_read(start, self._recording.sites[remedy.site].unit, every=True)
        own = {match.factor for match in self._backward.meaning(start)}
        return not any(abs(one / other - 1.0) < RECORDING.alike for one in own for other in read)

    def _is_carried(self, remedy: Remedy) -> bool:
        """Whether the line reads a derivative that is off by the same constant, and that no right claim needs."""
        start, _, adjoint = self._first_of(remedy)
        own = None if adjoint is None else self._backward.scale(adjoint, start.array)
        read = self._operands.factors_read(start, self._recording.sites[remedy.site].unit)
        return own is not None and any(abs(own / other - 1.0) < RECORDING.alike for other in read)

    def _is_one_use(self, remedy: Remedy, others: Sequence[Remedy]) -> bool:
        """Whether a value is what one use contributes, where no later line adds anything to it, or could have."""
        start, of, adjoint = self._first_of(remedy)
        found = self._backward.meaning(start)
        if self._backward.is_of_variable(start) and not self.is_renaming(remedy):
            return False
        own = [m.of for m in found if m.kind is Kind.PART]
        if adjoint is None or of is None or not any(self._leads_to(of, each, adjoint) for each in own):
            return False
        needed = remedy.instead[start.id]
        if self._backward.scale(needed, start.array) is not None:
            return False  # a multiple lacks nothing
        later = [r for r in others if r.start > remedy.start and np.shape(r.instead[r.start]) == needed.shape]
        later = [r for r in later if self._recording.is_equal(r.instead[r.start], needed)]
        whole = any(self._graph.values[m.of].names for m in found if m.kind is Kind.WHOLE)
        if not later:
            return True
        return all(self.is_renaming(r) for r in later) and not whole and not self._backward.is_computed(needed, start)

    def _leads_to(self, of: int, other: int, adjoint: Any) -> bool:
        """Whether one forward value is made of another, or has its adjoint."""
        alike = reshaped(self._recording.adjoints.of.get(other), np.shape(adjoint))
        return (alike is not None and self._recording.is_equal(alike, adjoint)) or of in self._graph.ancestors([other])

    def becomes_an_adjoint(self, remedy: Remedy) -> bool:
        """Whether what a value has to be is an adjoint, or a part of one, and not a multiple that helps by chance."""
        start, of, _ = self._first_of(remedy)
        needed = remedy.instead[start.id]
        return of is None or any(match.exact for match in self._backward.meaning_of(needed))

    def only_passes_on(self, remedy: Remedy) -> bool:
        """Whether a function returns, or stores, under another name what it has computed itself."""
        value = self._graph.values[remedy.values[0]]
        if value.function is not same:
            return False
        source, units = self._graph.values[value.inputs[0]], self._recording.units
        unit = self._recording.sites[remedy.site].unit
        if source.function is None or source.site is None or source.phase == 0:
            return False
        rank = self._backward.rank_of(source, source.array)
        exact = rank is not Rank.NOTHING and (rank is not Rank.MULTIPLE or remedy.factor is None)
        if exact and (not units[unit].is_result or self._backward.is_computed(remedy.instead[value.id], source)):
            return False  # what it names is right by itself
        inner = self._recording.sites[source.site].unit
        return units[inner].function == units[unit].function and units[inner].file == units[unit].file

    def only_moves(self, remedy: Remedy) -> bool:
        """Whether an expression moves or adds up entries, without a number of its own."""
        value = self._graph.values[remedy.values[0]]
        source = self._graph.values[value.inputs[0]]
        passes = (
            source.phase == 1 and source.function is not None and not self._backward.matches.is_forward(source.array)
        )
        return passes and is_move(value.function)

    def is_head(self, remedy: Remedy) -> bool:
        """Whether a value is made of no adjoint."""
        above = self._graph.ancestors(remedy.values) - set(remedy.values)
        return not any(
            self._backward.is_derivative(self._graph.values[i])
            for i in above
            if i not in self._dataflow.of_loss
            and self._graph.values[i].phase == 1
            and self._graph.values[i].site not in self._dataflow.forward_sites
        )

    def reads_innocent(self, remedy: Remedy) -> bool:
        """Whether all that a line reads is of the forward pass, or needed by a claim that is right."""
        unit = self._recording.sites[remedy.site].unit
        read = self._dataflow.operands_of(self._graph.values[remedy.start], unit)
        return all(
            v.function is None
            or v.id in self._dataflow.of_loss
            or v.id in self._backward.innocent
            or self._backward.matches.is_forward(v.array)
            for v in read
        )

    def _goes_on(self, remedy: Remedy) -> bool:
        """Whether an expression is computed again of what it has made before, as a step back in time is."""
        own = set(remedy.values)
        return any(own & set(self._graph.values[each].inputs) for each in remedy.values[1:])
