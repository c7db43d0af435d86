"""Nodes of the data-flow graph: one traced value each, or all writes of one line to one array."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.events import Event, Factor, Kind, SourceLocation
from gradcheck.scripts.instrument.values import Action, Array, reshape_or_broadcast
from gradcheck.scripts.text.identifiers import is_plain

#: The events of a location that occur more often than this in a step become one node: each node costs a replay.
_MOST_NODES_OF_LOCATION = 300


@dataclass(frozen=True, eq=False)
class Node:
    """One value of a step.

    Attributes
    ----------
    index : int
    events : tuple of int
    location : SourceLocation
    names : dict of str to SourceLocation
        The names that the value has, each with the location that gave it.
    shape : tuple of int
    keys : tuple
        Of several writes to parts of one array: the index of each.
    factors : tuple of Factor
        The numbers that it was multiplied with, as the source writes the product.
    in_place : bool
        Whether it is an array after it was changed in place.
    object_id : int
    container_id : int
        Of a part of an array: the id of the array, else 0.
    """

    index: int
    events: tuple[int, ...]
    location: SourceLocation
    names: dict[str, SourceLocation]
    shape: tuple[int, ...]
    keys: tuple[Any, ...] = ()
    factors: tuple[Factor, ...] = ()
    in_place: bool = False
    object_id: int = 0
    container_id: int = 0

    @property
    def first(self) -> int:
        """Its first event."""
        return self.events[0]

    @property
    def last(self) -> int:
        """Its last event."""
        return self.events[-1]

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def label(self) -> str:
        """The name for reports."""
        return next(filter(is_plain, self.names), next(iter(self.names)))

    @property
    def is_named(self) -> bool:
        """Whether it has a name, and is not only part of an expression."""
        return any(map(is_plain, self.names))

    @property
    def is_increment(self) -> bool:
        """Whether it is added to something, or subtracted."""
        return self.location.kind is Kind.INCREMENT

    def read(self, values: Callable[[int], Array]) -> Array:
        """Its value, from the values of its events."""
        if not self.keys:
            if len(self.events) == 1:
                return values(self.events[0]).reshape(self.shape)
            return np.concatenate([values(e).ravel() for e in self.events])
        whole = np.zeros(self.shape)
        for event, key in zip(self.events, self.keys, strict=True):
            whole[key] = values(event)
        return whole

    def set_to(self, value: Array) -> dict[int, Action]:
        """Actions that give it a value. Entries that are overwritten later keep what is written first."""
        if not self.keys:
            return {event: _constant(part) for event, part in self._parts(value)}
        writer = self._writer()
        return {
            event: _replaced(np.asarray(writer[key] == i), np.asarray(value[key]))
            for i, (event, key) in enumerate(zip(self.events, self.keys, strict=True))
        }

    def _writer(self) -> Array:
        """For each entry, which of the events writes it last."""
        writer = np.full(self.shape, -1)
        for i, key in enumerate(self.keys):
            writer[key] = i
        return writer

    def _parts(self, whole: Array) -> list[tuple[int, Array]]:
        if not self.keys:
            if len(self.events) == 1:
                return [(self.events[0], whole)]
            size = whole.size // len(self.events)
            return [(e, whole.ravel()[i * size : (i + 1) * size]) for i, e in enumerate(self.events)]
        writer = self._writer()
        return [
            (event, np.where(writer[key] == i, whole[key], 0.0))
            for i, (event, key) in enumerate(zip(self.events, self.keys, strict=True))
        ]


@dataclass(frozen=True, eq=False)
class SumNode(Node):
    """What several increments add to one array together, each to a part of it.

    Attributes
    ----------
    terms : tuple of (Node, key, float)
        The increments, the index of the part that each is added to, and its sign.
    """

    terms: tuple[tuple[Node, Any, float], ...] = ()

    def read(self, values: Callable[[int], Array]) -> Array:
        """Its value, from the values of the increments."""
        whole = np.zeros(self.shape)
        for node, key, sign in self.terms:
            whole[key] += sign * reshape_or_broadcast(node.read(values), whole[key].shape)
        return whole

    def set_to(self, value: Array) -> dict[int, Action]:
        """Actions that give it a value, of each entry by the first increment that is added to it."""
        rest = np.array(value, dtype=float).reshape(self.shape)
        found: dict[int, Action] = {}
        for node, key, sign in self.terms:
            found |= node.set_to((sign * rest[key]).reshape(node.shape))
            rest[key] = 0.0
        return found


def _constant(value: Array) -> Action:
    return lambda _: value


def _replaced(mask: Array, value: Array) -> Action:
    return lambda old: np.where(mask, value, old)


def nodes_of(events: Sequence[Event], recurrent: Callable[[list[int]], bool]) -> list[Node]:
    """The nodes of a recorded step.

    Parameters
    ----------
    events : sequence of Event
    recurrent : callable
        Takes events that one line writes to parts of one array; whether the first of them changes a later one.
    """
    by_location: dict[tuple[int, int], list[int]] = {}
    for event in events:
        container = id(event.container) if event.container is not None else 0
        by_location.setdefault((event.location.index, container), []).append(event.index)
    grouped: dict[int, list[int]] = {}
    for (_, container), indices in by_location.items():
        parts = container != 0 and len(indices) > 1
        if (parts and not recurrent(indices)) or len(indices) > _MOST_NODES_OF_LOCATION:
            grouped[indices[0]] = indices
    inside = {i for indices in grouped.values() for i in indices}
    found: list[Node] = []
    for event in events:
        if event.index in grouped:
            found.append(_group(len(found), [events[i] for i in grouped[event.index]]))
        elif event.index not in inside:
            found.append(_single(len(found), event))
    return found


def _single(index: int, event: Event) -> Node:
    return Node(
        index,
        (event.index,),
        event.location,
        dict(event.names),
        event.value.shape,
        factors=event.factors,
        in_place=event.in_place,
        object_id=event.object_id,
        container_id=id(event.container) if event.container is not None else 0,
    )


def _group(index: int, members: Sequence[Event]) -> Node:
    first = members[0]
    names = {name: location for member in members for name, location in member.names.items()}
    events = tuple(member.index for member in members)
    factors = first.factors if all(member.factors == first.factors for member in members) else ()
    if first.container is None:
        if len({m.value.size for m in members}) > 1:
            return Node(index, events[-1:], first.location, names, members[-1].value.shape)
        size = sum(member.value.size for member in members)
        return Node(index, events, first.location, names, (size,), factors=factors)
    stem = first.location.target.split("[")[0]
    keys = tuple(member.key for member in members)
    names = {stem: first.location, **names}
    return Node(
        index, events, first.location, names, first.container.shape, keys, factors, object_id=id(first.container)
    )
