"""The values of a recording, as one explicit graph: what made each, of which others, and where in the source."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

#: Gives the cotangents of the inputs of a value, by their numbers, for its own.
Pullback = Callable[[Any], dict[int, Any]]


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands for a value in the arguments of an operation."""

    id: int


@dataclass(eq=False, slots=True)
class Value:
    """One array or number that was computed or read.

    Attributes
    ----------
    id : int
        Its place in the graph: values are made of earlier ones.
    function : callable or None
        Makes it from its arguments again; it writes into none. None for what was there before.
    args : tuple
        Arguments, with a `Ref` for each value among them.
    kwargs : dict
    inputs : tuple of int
        The values among them.
    array : ndarray or float
        A reference until something writes into its memory, then a copy.
    site : int or None
        Number of the expression that made it.
    phase : int
        The call in which it was made: 0 for the loss, 1 for the gradient.
    names : list of str
        What the author calls it.
    unit : int or None
        Number of the unit that made it or, of one that was there before, the first that names it.
    named_in : list of int
        The units that give it a name.
    passed_in : list of int
        These, and those that return it, in the order in which they did.
    """

    id: int
    function: Callable[..., Any] | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[int, ...]
    array: Any
    site: int | None
    phase: int
    names: list[str] = field(default_factory=list)
    unit: int | None = None
    named_in: list[int] = field(default_factory=list)
    passed_in: list[int] = field(default_factory=list)


class Graph:
    """Values in the order in which they were made.

    Attributes
    ----------
    values : list of Value
    bytes : int
        Of their arrays.
    pullbacks : dict or None
        Rules of operations, by the value and those of its inputs that get a cotangent; None while arrays may still be
        written to, so that none can be kept.
    """

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.bytes = 0
        self.pullbacks: dict[tuple[int, tuple[int, ...]], Pullback] | None = None

    def add(
        self,
        function: Callable[..., Any] | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        array: Any,
        *,
        site: int | None,
        unit: int | None,
        phase: int,
    ) -> Value:
        """Append a value; the arguments hold references in place of values."""
        inputs = tuple(dict.fromkeys(ref.id for ref in references((args, tuple(kwargs.values())))))
        value = Value(len(self.values), function, args, kwargs, inputs, array, site, phase, [], unit)
        self.values.append(value)
        if function is not None and getattr(array, "base", None) is None:  # others are not kept for its sake
            self.bytes += getattr(array, "nbytes", 8)
        return value

    def ancestors(self, of: Iterable[int]) -> set[int]:
        """The values that some are made of, themselves included."""
        found: set[int] = set()
        waiting = list(of)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.values[each].inputs
        return found

    def nearest(self, of: int, most: int, within: Container[int] | None = None) -> Iterator[int]:
        """A value and those that it is made of, the last made first: so many, and only some if asked."""
        waiting, seen = [-of], {of}
        for _ in range(most):
            if not waiting:
                return
            each = -heapq.heappop(waiting)
            yield each
            for i in self.values[each].inputs:
                if i not in seen and (within is None or i in within):
                    seen.add(i)
                    heapq.heappush(waiting, -i)

    def order(self, changed: Iterable[int], wanted: Iterable[int], *, given: bool = False) -> list[Value]:
        """What has to be computed again where some values change and others are wanted, in order.

        Parameters
        ----------
        changed, wanted : iterable of int
        given : bool
            Whether those that change have given values, whatever they are made of.
        """
        reached = set(changed)
        first = min(reached, default=0)  # nothing that was made before it depends on any of them
        needed: set[int] = set()
        waiting = list(wanted)
        while waiting:
            each = waiting.pop()
            if each >= first and each not in needed:
                needed.add(each)
                if not given or each not in reached:
                    waiting += self.values[each].inputs
        found: list[Value] = []
        for each in sorted(needed):
            value = self.values[each]
            if any(i in reached for i in value.inputs):
                reached.add(each)
                found.append(value)
        return found

    def recomputed(
        self, instead: Mapping[int, Any], wanted: Iterable[int], order: Iterable[Value] | None = None
    ) -> dict[int, Any]:
        """Some values as they would be with others in place of a few; what does not depend on these is not computed."""
        wanted = list(wanted)
        new: dict[int, Any] = dict(instead)
        for each in self.order(instead, wanted, given=True) if order is None else order:
            if each.id not in instead:
                new[each.id] = self._computed(each, new)
        return {i: new.get(i, self.values[i].array) for i in wanted}

    def in_turn(self, instead: Mapping[int, Any]) -> dict[int, Any]:
        """Each of some values as it would be with others in place of those among them that were made before it."""
        new: dict[int, Any] = dict(instead)
        found = {each: self.values[each].array for each in instead}
        for each in self.order(instead, instead):
            (found if each.id in instead else new)[each.id] = self._computed(each, new)
        return found

    def _computed(self, value: Value, instead: Mapping[int, Any]) -> Any:
        """A value, computed of others in place of some that it is made of."""
        assert value.function is not None
        args = self._arguments(value.args, instead)
        return value.function(*args, **self.filled(value.kwargs, instead)) if value.kwargs else value.function(*args)

    def with_values(self, instead: Mapping[int, Any]) -> Graph:
        """The same graph where some values are given, and what is made of them is computed again."""
        everything = range(len(self.values))
        new = self.recomputed(instead, everything)
        other = Graph()
        other.bytes = self.bytes
        other.pullbacks = self.kept_pullbacks(new, instead)
        other.values = [replace(value, array=new[value.id]) for value in self.values]
        for each in instead:
            other.values[each] = replace(other.values[each], function=None, args=(), kwargs={}, inputs=())
        return other

    def kept_pullbacks(
        self, arrays: Mapping[int, Any], changed: Container[int]
    ) -> dict[tuple[int, tuple[int, ...]], Pullback] | None:
        """Rules that hold in a graph with other arrays as well: of values that are the same, and made of the same ones.

        Parameters
        ----------
        arrays : dict of int to ndarray
            Of all values.
        changed : container of int
            Those that are made in another way.
        """
        if self.pullbacks is None:
            return None
        values = self.values
        moved = {value.id for value in values if value.id in changed or arrays[value.id] is not value.array}
        return {
            key: rule
            for key, rule in self.pullbacks.items()
            if key[0] not in moved and moved.isdisjoint(values[key[0]].inputs)
        }

    def _arguments(self, args: tuple[Any, ...], instead: Mapping[int, Any]) -> list[Any]:
        """What `filled` gives for arguments; most of them are references or constants."""
        values, found = self.values, []
        for each in args:
            kind = type(each)
            if kind is Ref:
                i = each.id
                found.append(instead[i] if i in instead else values[i].array)
            else:
                found.append(self.filled(each, instead) if kind in (tuple, list, dict) else each)
        return found

    def filled(self, structure: Any, instead: Mapping[int, Any] | None = None) -> Any:
        """Arguments with the arrays in place of the references to them."""
        if isinstance(structure, Ref):
            if instead is not None and structure.id in instead:
                return instead[structure.id]
            return self.values[structure.id].array
        kind = type(structure)
        if kind is tuple:
            return tuple([self.filled(each, instead) for each in structure])
        if kind is list:
            return [self.filled(each, instead) for each in structure]
        if kind is dict:
            return {key: self.filled(each, instead) for key, each in structure.items()} if structure else structure
        return structure


def references(structure: Any) -> Iterator[Ref]:
    """The references in some arguments."""
    if isinstance(structure, Ref):
        yield structure
    elif type(structure) in (list, tuple):
        for each in structure:
            yield from references(each)


def is_real(array: Any) -> bool:
    """Whether a value may have a derivative: floats and complex numbers."""
    return np.asarray(array).dtype.kind in "fc"
