"""Which values of a recording are made of which, and by what lines."""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.operations import MOVES, Part, added_at, same, written
from gradcheck.recording.record import Recording
from gradcheck.recording.rules import is_constant

#: Operations whose result is wrong by what an operand is wrong by.
SUMS = (np.add, np.subtract)

#: Operations that take each entry from one of several arrays.
SELECTIONS = (np.where, np.maximum, np.minimum, np.clip)

#: Functions that multiply each entry of one array with each of another, whatever their axes.
_OUTER_PRODUCTS = (np.outer, np.kron, np.einsum, np.tensordot)


class Dataflow:
    """What reads what in one recording.

    Parameters
    ----------
    recording : Recording

    Attributes
    ----------
    recording : Recording
    children : dict of int to list of int
        The values that are made directly of each one.
    of_loss : set of int
        The values that the loss is made of.
    forward_sites : set of int
        The expressions of the forward pass that have made some of these.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording, self._graph = recording, recording.graph
        self.children: dict[int, list[int]] = defaultdict(list)
        for value in self._graph.values:
            for each in value.inputs:
                self.children[each].append(value.id)
        of_loss = self._graph.ancestors(recording.adjoints.of)
        before = [v for v in self._graph.values if v.id in of_loss and v.phase == 0]
        self.forward_sites = {v.site for v in before if v.site is not None}
        self.of_loss = of_loss

    def below(self, ids: Sequence[int]) -> set[int]:
        """Some values and all that is made of them."""
        found: set[int] = set()
        waiting = list(ids)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.children[each]
        return found

    def operands_of(self, value: Value, unit: int) -> list[Value]:
        """What the expressions of one unit read."""
        found: dict[int, Value] = {}
        waiting, seen = [value.id], {value.id}
        while waiting:
            each = self._graph.values[waiting.pop()]
            for i in each.inputs:
                inner = self._graph.values[i]
                if (inner.site is not None and self.recording.sites[inner.site].unit == unit) or (
                    inner.function in (same, operator.getitem) and inner.site is None
                ):
                    if i not in seen:
                        seen.add(i)
                        waiting.append(i)
                else:
                    found[i] = inner
        return list(found.values())

    def within(self, value: Value, unit: int) -> list[Value]:
        """The operations of one unit that lead to a value, itself included."""
        found = {value.id: value}
        waiting = [value]
        while waiting:
            for i in waiting.pop().inputs:
                inner = self._graph.values[i]
                if inner.site is not None and self.recording.sites[inner.site].unit == unit and i not in found:
                    found[i] = inner
                    waiting.append(inner)
        return list(found.values())

    def users_of(self, value: Value, unit: int) -> list[Value]:
        """The operations of one unit that read a value."""
        users = (self._graph.values[i] for i in self.children[value.id])
        return [v for v in users if v.site is not None and self.recording.sites[v.site].unit == unit]

    def callers(self, value: Value, unit: int) -> list[int]:
        """The units of other functions that return or name what a unit has made, the nearest first."""
        function = self.recording.units[unit].function
        return [each for each in value.passed_in if each >= 0 and self.recording.units[each].function != function]

    def is_named_elsewhere(self, value: Value, unit: int) -> bool:
        """Whether a line of another function gives a value a name by which the unit reads it, and that may be wrong."""
        units, sites = self.recording.units, self.recording.sites
        own = -1 if value.site is None else sites[value.site].unit
        given = [each for each in (own, *value.named_in) if each >= 0]
        given = [each for each in given if units[each].function != units[unit].function and not units[each].is_result]
        made = value.phase == 1 and (value.function is same or bool(value.names))
        return made and any(not units[each].target.isidentifier() for each in given)

    def is_filled_later(self, value: Value) -> bool:
        """Whether a value is what sums and writes start from: zeros, say."""
        if not is_constant(value.function):
            return False
        later = (self._graph.values[i].function for i in self.children[value.id])
        return any(function in (written, added_at, np.add) for function in later)

    def is_term(self, value: Value, within: Sequence[Value]) -> bool:
        """Whether a value is added to something, or subtracted, by one of some operations."""
        users = [each for each in within if value.id in each.inputs]
        return bool(users) and all(each.function in SUMS for each in users)

    def passes_on(self, unit: int) -> bool:
        """Whether a unit returns what other lines have computed, summed or in another shape, and no more."""
        sites = self.recording.sites
        made = [v for v in self._graph.values if v.site is not None and sites[v.site].unit == unit]
        return self.recording.units[unit].is_result and all(is_move(value.function) for value in made)

    def returns_forward_values(self, unit: int) -> bool:
        """Whether a unit is part of a line of the forward pass, and computes nothing there."""
        units, sites = self.recording.units, self.recording.sites
        lines = {(units[sites[site].unit].file, units[sites[site].unit].line) for site in self.forward_sites}
        return (units[unit].file, units[unit].line) in lines and self.passes_on(unit)

    def most_entries(self, unit: int) -> int:
        """Entries that an array may have which an edit of a unit makes.

        Vectors and matrices are broadcast, and multiplied, to no more than two of their axes, but for outer products.
        """
        sites = self.recording.sites
        made = [v for v in self._graph.values if v.site is not None and sites[v.site].unit == unit]
        read = {i for value in made for i in (*value.inputs, value.id)}
        shapes = [np.shape(self._graph.values[i].array) for i in read]
        shapes = [shape for shape in shapes if math.prod(shape) > 1]
        sizes = sorted(map(math.prod, shapes), reverse=True)
        outer = any(value.function is each for value in made for each in _OUTER_PRODUCTS)
        if not outer and all(len(shape) <= 2 for shape in shapes):
            return max([*sizes, *(max(shape) ** 2 for shape in shapes)], default=1)
        return math.prod(sizes[:2])

    def is_active(self, value: Value) -> bool:
        """Whether a value changes with the parameters: what does not is data."""
        return value.id in self._active

    @cached_property
    def _active(self) -> set[int]:
        found = {i for ids in self.recording.parameters for i in ids}
        for value in self._graph.values:
            changes = value.function is not None and is_real(value.array) and not is_constant(value.function)
            if changes and any(i in found for i in value.inputs):
                found.add(value.id)
        return found

    def is_parameter(self, value: Value) -> bool:
        """Whether a value that nothing has made is equal to a parameter, as a number is in another call."""
        leaves = (self._graph.values[i].array for ids in self.recording.parameters for i in ids)
        return value.function is None and any(np.array_equal(value.array, array) for array in leaves)

    def inputs_beside(self, value: int, other: int) -> list[int]:
        """What else a value is made of than one given value."""
        return [i for i in self._graph.values[value].inputs if i != other]


def is_move(function: Any) -> bool:
    """Whether an operation moves or adds up the entries of one array, and does no more."""
    function = function.function if isinstance(function, Part) else function
    try:
        return function in MOVES or function in (np.sum, same, written, added_at)
    except TypeError:
        return False
