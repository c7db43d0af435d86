"""Which of several remedies is the mistake: the first that is not made rightly from what comes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.backward_values import BackwardValues, Rank
from gradcheck.recording.dataflow import SUMS, Dataflow, is_move
from gradcheck.recording.matching import reshaped
from gradcheck.recording.operands import Operands
from gradcheck.recording.operations import same
from gradcheck.recording.record import equal
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.remedy_checks import RemedyChecks
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING


class Choice:
    """Chooses between remedies that make the same claims right.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    operands : Operands
    checks : RemedyChecks
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues, operands: Operands, checks: RemedyChecks) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._operands = operands
        self._checks = checks
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph

    def best_of(self, found: Sequence[Remedy], left: set[int]) -> Remedy:
        """Those that help most; among them the first that is not made rightly from what comes in."""
        most = max(len(remedy.fixes & left) for remedy in found)
        best = sorted((r for r in found if len(r.fixes & left) == most), key=lambda r: r.start)
        kept = self._without_right_lines(best)
        if not kept:
            units = {self._recording.sites[remedy.site].unit for remedy in best}
            return replace(best[-1], alone=len(units) == 1 and self._checks.is_returned_rightly(best[-1]))
        best = kept
        every, best = best, [r for r in best if not self._checks.only_passes_on(r)] or best
        free, heads = self._not_passed_on(best)
        wrong = [r for r in free if r in heads or self._checks.is_wrong_by_itself(r, free)]
        if wrong:
            return self._behind_head(wrong[0], best, every, left)
        derivatives = [r for r in free if r.rank is not Rank.FORWARD]
        last = (derivatives or free)[-1]
        alone = self._checks.is_renaming(last) or len(last.fixes & left) > 1 or self._checks.reads_innocent(last)
        return replace(last, alone=alone)

    def is_alone(self, best: Remedy, found: Sequence[Remedy], left: set[int]) -> bool:
        """Whether no other line explains the claims as well: one whose value is an adjoint, but of something else."""
        value, unit = self._graph.values[best.values[0]], self._recording.sites[best.site].unit
        if best.factor is not None and abs(best.factor + 1.0) < RECORDING.alike and is_move(value.function):
            return value.function is same
        within = self._dataflow.within(value, unit)
        read = self._operands.factors_read(value, unit)
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
            if self._dataflow.is_named_elsewhere(source, unit):
                return False
            units = self._recording.units
            own = units[self._recording.sites[source.site].unit].function == units[unit].function
            return not own or not units[unit].is_result or self._backward.is_computed(best.instead[value.id], source)
        if best.factor is not None or best.rank not in (Rank.NOTHING, Rank.MULTIPLE):
            return True
        return not any(
            other.rank in (Rank.NAME, Rank.WHOLE, Rank.MULTIPLE, Rank.PART, Rank.FORWARD)
            and self._checks.becomes_an_adjoint(other)
            and other.factor is None
            and other.start < best.start
            and self._recording.sites[other.site].unit != unit
            and self._backward.scale(other.instead[other.start], self._graph.values[other.start].array) is None
            for other in found
            if other.fixes & left >= best.fixes & left
        )

    def _without_right_lines(self, best: Sequence[Remedy]) -> list[Remedy]:
        """Those of lines that do not end with exactly the derivative of a variable."""
        last: dict[int, Remedy] = {}
        for remedy in best:
            last[self._recording.sites[remedy.site].unit] = remedy
        right = {
            unit
            for unit, remedy in last.items()
            if not self._checks.is_renaming(remedy)
            and all(self._backward.is_of_variable(self._graph.values[i]) for i in remedy.values)
            and any(self._graph.values[i].names for i in remedy.values)
        }
        return [r for r in best if self._recording.sites[r.site].unit not in right]

    def _not_passed_on(self, best: Sequence[Remedy]) -> tuple[list[Remedy], list[Remedy]]:
        """Those that are not wrong by exactly what an earlier one is wrong by, pulled back through the forward pass.

        A value that is right by itself, but perhaps meant as something else, passes nothing on within a function. If
        it is made of no derivative, and another function makes the right thing of it, it is among the second: that
        function serves all that are passed to it.
        """
        passed: set[int] = set()
        heads: list[Remedy] = []
        for i, remedy in enumerate(best):
            if self._checks.is_own_adjoint(remedy):
                continue
            right = self._checks.is_right_by_itself(remedy, best)
            if right and not self._checks.is_head(remedy):
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
        sites, units = self._recording.sites, self._recording.units
        own, other = sites[remedy.site].unit, sites[later.site].unit
        if elsewhere:
            return (units[own].file, units[own].function) != (units[other].file, units[other].function)
        return remedy.rank is not Rank.FORWARD or (remedy.factor is not None and own != other)

    def _errors(self, remedy: Remedy) -> Iterator[tuple[int, Any]]:
        """Forward values, and the errors in their derivatives, in units of the constant that these carry."""
        for each, of in zip(remedy.values, remedy.of, strict=False):
            adjoint = None if of is None else self._recording.adjoints.of.get(of)
            if adjoint is None or of is None:
                continue
            error = np.asarray(self._graph.values[each].array, dtype=np.float64) - remedy.instead[each]
            shape = np.shape(self._graph.values[of].array)
            if error.size != int(np.prod(shape)) or not np.any(error):
                continue
            scale = self._backward.scale(reshaped(adjoint, error.shape), remedy.instead[each])
            yield of, reshaped(error / (scale or 1.0), shape)

    def _errors_below(self, remedy: Remedy) -> list[dict[int, Any]]:
        """What the errors of some values are for the values that theirs are made of: of the first, and of all."""
        seeds = list(self._errors(remedy))
        several = [dict(seeds[:1]), dict(seeds)] if len(seeds) > 1 else [dict(seeds)] if seeds else []
        try:
            return [adjoints(self._graph, each, set(self._recording.adjoints.of)).of for each in several]
        except NoRule:
            return []

    def _is_explained(self, remedy: Remedy, below: Mapping[int, Any]) -> bool:
        """Whether a value is wrong by what an error makes of it."""
        for of, error in self._errors(remedy):
            passed = below.get(of)
            return passed is not None and equal(passed, error, 10 * self._recording.tolerance)
        return False

    def _behind_head(self, first: Remedy, best: Sequence[Remedy], every: Sequence[Remedy], left: set[int]) -> Remedy:
        """The line that uses a residual, where the one wrong claim is a multiple of the right one.

        A residual is right by itself; the constant belongs to what is made of it.
        """
        if first.factor is None or abs(first.factor + 1.0) < 1e-6 or not self._checks.is_head(first):
            return first
        needed = first.instead[first.start]
        again = [r for r in every if r.start > first.start and np.shape(r.instead[r.start]) == needed.shape]
        again = [r for r in again if self._recording.is_equal(r.instead[r.start], needed)]
        same_again = [r for r in again if self._checks.is_renaming(r)]
        if same_again or len(first.fixes & left) > 1:
            return same_again[-1] if same_again else first
        working = [r for r in best if not self._checks.only_moves(r)]
        return (working or list(best))[-1]
