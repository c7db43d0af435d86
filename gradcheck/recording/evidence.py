"""What the recorded values show of the mistake that a wrong line makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.backward_values import BackwardValues
from gradcheck.recording.dataflow import SELECTIONS, SUMS, Dataflow, is_move
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.matching import Kind, reshaped
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING


class Evidence:
    """What a wrong value is in place of the derivative that it has to be.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph

    def is_inner_number(self, faulty: Faulty) -> bool:
        """Whether a number inside a line is wrong, which belongs to no variable in particular."""
        return faulty.value not in self._backward.by_claim and np.size(self._graph.values[faulty.value].array) < 2

    def has_slope(self, of: int, inner: int) -> bool:
        """Whether a forward value is made of another one by more than moving its entries and adding to them."""
        if inner not in self._graph.ancestors([of]):
            return False
        waiting, seen = [of], {of}
        while waiting:
            value = self._graph.values[waiting.pop()]
            if value.id == inner:
                return False
            moves = is_move(value.function) or value.function in SUMS
            fresh = [i for i in value.inputs if i not in seen] if moves else []
            seen.update(fresh)
            waiting += fresh
        return True

    def held_constant(self, value: Value, of: int) -> list[int]:
        """The forward values that a value takes as constant, being what comes in, pulled back; none if it is not."""
        for incoming in self._backward.incoming(value):
            between = self._graph.ancestors([incoming]) & self._dataflow.below([of]) & set(self._recording.adjoints.of)
            largest = max(np.size(self._graph.values[i].array) for i in between | {of})
            small = [i for i in between - {of, incoming} if np.size(self._graph.values[i].array) < largest]
            for held in (*([i] for i in small[: RECORDING.nearest]), small):
                if held and self._is_pulled_without(value, incoming, of, between, set(held)):
                    return held
        return []

    def _is_pulled_without(self, value: Value, incoming: int, of: int, between: set[int], held: set[int]) -> bool:
        seed = {incoming: self._recording.adjoints.of[incoming]}
        try:
            pulled = adjoints(self._graph, seed, between | {of}, {*held, of}).of.get(of)
        except NoRule:
            return False
        fitted = reshaped(pulled, np.shape(value.array))
        return fitted is not None and bool(np.any(fitted)) and self._recording.is_equal(fitted, value.array)

    def taken_for(self, value: Value, needed: Any) -> tuple[int, int] | None:
        """The forward value whose derivative a line reads, and the one whose derivative would make it right."""
        if value.site is None:
            return None
        for operand in self._dataflow.operands_of(value, self._recording.sites[value.site].unit):
            if operand.phase != 1 or operand.function is None or not is_real(operand.array):
                continue
            own = [match.of for match in self._backward.meaning(operand) if match.kind is Kind.WHOLE and match.exact]
            if not own or self._backward.matches.is_forward(operand.array):
                continue
            for of, adjoint in self._recording.adjoints.of.items():
                if np.shape(adjoint) != np.shape(operand.array) or of in own:
                    continue
                new = self._graph.recomputed({operand.id: adjoint}, [value.id])[value.id]
                if self._recording.is_equal(np.asarray(needed).reshape(-1), np.asarray(new).reshape(-1)):
                    return own[0], of
        return None

    def is_of_one_use(self, one: int, of: int) -> bool:
        """Whether the derivative of a value is what one of several uses contributes to that of another."""
        adjoint = self._recording.adjoints.of[one].reshape(-1)
        parts = [part.reshape(-1) for _, owner, part in self._recording.adjoints.uses if owner == of]
        alike = (part for part in parts if part.size == adjoint.size)
        return len(parts) > 1 and any(self._recording.is_equal(adjoint, part) for part in alike)

    def is_diagonal(self, value: Value, of: int) -> bool:
        """Whether a value is what comes in times the derivative of each entry by the same entry of another value."""
        shape = np.shape(self._graph.values[of].array)
        if np.shape(value.array) != shape or np.size(value.array) > RECORDING.most_jacobian:
            return False
        for incoming in self._backward.incoming(value):
            if np.shape(self._graph.values[incoming].array) != shape:
                continue
            between = self._graph.ancestors([incoming]) & self._dataflow.below([of]) & set(self._recording.adjoints.of)
            seeds = np.eye(int(np.size(value.array))).reshape(-1, *shape)
            try:
                rows = [adjoints(self._graph, {incoming: seed}, between | {of}, {of}).of.get(of) for seed in seeds]
            except NoRule:
                continue
            parts = [0.0 if row is None else np.asarray(row).reshape(-1)[i] for i, row in enumerate(rows)]
            product = np.asarray(self._recording.adjoints.of[incoming]).reshape(-1) * np.array(parts)
            if np.any(product) and self._recording.is_equal(product, np.asarray(value.array).reshape(-1)):
                return True
        return False

    def is_of_branch(self, value: Value) -> bool:
        """Whether a line reads the derivative of what was selected, entry by entry, from several branches."""
        unit = -1 if value.site is None else self._recording.sites[value.site].unit
        inner = [each for each in self._dataflow.within(value, unit) if each.id != value.id]
        found = [
            *self._backward.incoming(value),
            *(m.of for v in inner for m in self._backward.meaning(v) if m.kind is Kind.WHOLE),
        ]
        return any(self._graph.values[i].function in SELECTIONS for i in found)

    def penalty_of(self, faulty: Faulty) -> tuple[int, float] | None:
        """The wrong block on whose parameter a penalty is off by a constant: a term of a line is a multiple of it."""
        value, needed = self._graph.values[faulty.value], faulty.needed
        if needed is None:
            return None
        users = self._dataflow.users_of(value, faulty.unit)
        while len(users) == 1 and users[0].function in (np.multiply, np.true_divide):
            needed = self._graph.recomputed({value.id: needed}, [users[0].id])[users[0].id]
            value, users = users[0], self._dataflow.users_of(users[0], faulty.unit)
        if not users or not all(v.function in SUMS for v in users) or np.size(value.array) < 3:
            return None
        factor = self._backward.scale(needed, value.array)
        for block in faulty.blocks:
            for leaf in self._recording.parameters[block]:
                array = self._graph.values[leaf].array
                alike = (
                    np.shape(array) == np.shape(value.array) and self._backward.scale(array, value.array) is not None
                )
                if alike and factor is not None:
                    return block, factor
        return None
