"""The adjoints that, in place of what an expression has made, make claims right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.recording.backward_values import BackwardValues, Rank
from gradcheck.recording.budget import Budget
from gradcheck.recording.claims import Claim
from gradcheck.recording.dataflow import Dataflow
from gradcheck.recording.graph import Value
from gradcheck.recording.matching import reshaped
from gradcheck.recording.operations import same
from gradcheck.recording.record import equal
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.replay import Replay
from gradcheck.recording.series import Series
from gradcheck.recording.slopes import Slopes


class Substitutions:
    """Tries adjoints in place of the values of the backward pass, and counts the operations that are computed again.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    slopes : Slopes
    budget : Budget
        Of the operations that may be computed again.
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues, slopes: Slopes, budget: Budget) -> None:
        self._backward = backward
        self._slopes = slopes
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph
        self._budget = budget
        self._series = Series(self._recording, self._backward.matches, self._backward.meaning)

    def remedies(
        self, suspects: Mapping[int, list[Value]], applied: Mapping[int, Any], left: set[int]
    ) -> Iterator[Remedy]:
        """What may stand in place of the values of one expression each, and which claims it makes right.

        Some values may have been put right before, and some claims be left.
        """
        graph = self._graph.with_values(applied) if applied else self._graph
        for site, values in suspects.items():
            replay = Replay(graph, values, self._backward.claims, self._backward.matches, self._recording.tolerance)
            for instead, of in self._substitutions(values):
                if self._budget.is_spent:
                    return
                if not replay.may_help(instead):
                    continue
                self._budget.spend(replay.size)
                tried = replay.tried(instead)
                if tried is None:
                    continue
                fixes, scale = tried
                needed = {each: array / scale for each, array in instead.items()}
                rank, start = self._rank([v for v in values if v.id in needed], needed)
                yield Remedy(site, tuple(instead), needed, of, fixes, rank, self._factor(needed), start)
                if fixes >= left:
                    break

    def _rank(self, values: Sequence[Value], needed: Mapping[int, Any]) -> tuple[Rank, int]:
        """What the values of an expression are, each with those before it put right, and the first that is wrong."""
        ranks = []
        start = None
        arrays = self._graph.in_turn({value.id: needed[value.id] for value in values})
        for value in values:
            array = arrays[value.id]
            ranks.append(self._backward.rank_of(value, array))
            if start is None and not equal(needed[value.id], array, self._recording.tolerance):
                start = value.id
        least = min(ranks)
        rank = Rank.NAME if values[0].function is same and least > Rank.NAME else least
        return rank, values[0].id if start is None else start

    def _factor(self, needed: Mapping[int, Any]) -> float | None:
        """The constant between values and what they have to be."""
        factors = set()
        for each, array in needed.items():
            size = float(np.vdot(array, array))
            value = np.asarray(self._graph.values[each].array, dtype=np.float64)
            factor = float(np.vdot(array, value)) / size if size else 0.0
            if (
                not factor
                or (np.size(array) < 2 and abs(factor + 1.0) > 1e-7)
                or not equal(value, factor * array, self._recording.tolerance)
            ):
                return None
            factors.add(round(factor, 9))
        return factors.pop() if len(factors) == 1 else None

    def _substitutions(self, values: Sequence[Value]) -> Iterator[tuple[dict[int, Any], tuple[int | None, ...]]]:
        """Adjoints, and parts of adjoints, in place of all values that an expression has made."""
        own = {v.id: self._backward.by_claim[v.id] for v in values if v.id in self._backward.by_claim}
        if own:
            of = tuple((self._recording.parameters[claim.block] or (None,))[0] for claim in own.values())
            yield {each: self._truth_of(each, claim) for each, claim in own.items()}, of
        if len(values) == 1:
            for each, array in self._slopes.candidates.get(np.size(values[0].array), ()):
                fitted = reshaped(array, np.shape(values[0].array))
                if fitted is not None:
                    yield {values[0].id: fitted}, (each,)
            return
        for group in self._series.of(values):
            pairs = zip(group, values, strict=True)
            arrays = [reshaped(array, np.shape(value.array)) for (_, array), value in pairs]
            if all(array is not None for array in arrays):
                yield {v.id: x for v, x in zip(values, arrays, strict=True)}, tuple(of for of, _ in group)

    def _truth_of(self, value: int, claim: Claim) -> Any:
        """What a claim has to be, in the shape of one of its names; as it is where that is not known."""
        now = np.asarray(self._graph.values[value].array, dtype=np.float64)
        truth = claim.truth.reshape(now.shape)
        return np.where(np.isnan(truth), now, truth)
