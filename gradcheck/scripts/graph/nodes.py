"""The values of a step as nodes that can be held, moved and read: an event, or all writes to one array together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.instrument.events import Action, Event, Site

Array = NDArray[Any]

#: A line that assigns more often than this is looked at as one.
OFTEN = 300


@dataclass(frozen=True, eq=False)
class Node:
    """One value of a step.

    Attributes
    ----------
    index : int
    events : tuple of int
    site : Site
    names : dict of str to Site
        What it is called, and where.
    shape : tuple of int
    keys : tuple
        For several writes to parts of an array: which parts.
    rate : float
        Of an increment: the learning rate in it.
    in_place : bool
    object_id : int
    """

    index: int
    events: tuple[int, ...]
    site: Site
    names: dict[str, Site]
    shape: tuple[int, ...]
    keys: tuple[Any, ...] = ()
    rate: float = 1.0
    in_place: bool = False
    object_id: int = 0
    container_id: int = 0
    container_shape: tuple[int, ...] = ()

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
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def label(self) -> str:
        """The name to speak of it by."""
        plain = [name for name in self.names if "(" not in name and " " not in name]
        return plain[0] if plain else next(iter(self.names))

    @property
    def plain(self) -> bool:
        """Whether it has a name, and is not only an expression on the way."""
        return any("(" not in name and " " not in name for name in self.names)

    @property
    def increment(self) -> bool:
        """Whether it is what is added to something."""
        return self.site.kind == "increment"

    @property
    def given_on(self) -> list[Site]:
        """Where a later line gives it another name: of a function's result, after the line that took it."""
        first = {(self.site.file, self.site.function): self.site}
        found = []
        for site in self.names.values():
            if site.kind == "assign" and site.line > first.setdefault((site.file, site.function), site).line:
                found.append(site)
        return found

    def read(self, values: Callable[[int], Array]) -> Array:
        """Its value from the values of its events."""
        if not self.keys:
            if len(self.events) == 1:
                return values(self.events[0]).reshape(self.shape)
            return np.concatenate([values(e).ravel() for e in self.events])
        whole = np.zeros(self.shape)
        for event, key in zip(self.events, self.keys, strict=True):
            whole[key] = values(event)
        return whole

    def held(self, value: Array) -> dict[int, Action]:
        """Actions that give it a value; what is written over later in the same array is left as it comes."""
        if not self.keys:
            return {event: _constant(part) for event, part in self._parts(value)}
        writer = self._writer()
        return {
            event: _replaced(np.asarray(writer[key] == i), np.asarray(value[key]))
            for i, (event, key) in enumerate(zip(self.events, self.keys, strict=True))
        }

    def moved(self, shift: Array) -> dict[int, Action]:
        """Actions that add to it."""
        return {event: _added(part) for event, part in self._parts(shift)}

    def _writer(self) -> Array:
        """Which of its events has the last word on each entry."""
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


def _constant(value: Array) -> Action:
    return lambda _: value


def _replaced(mask: Array, value: Array) -> Action:
    return lambda old: np.where(mask, value, old)


def _added(shift: Array) -> Action:
    return lambda value: value + shift.reshape(value.shape)


def nodes_of(events: Sequence[Event], recurrent: Callable[[list[int]], bool]) -> list[Node]:
    """The nodes of a recorded step.

    Parameters
    ----------
    events : sequence of Event
    recurrent : callable
        Whether the first of some events, writes to parts of one array from one line, changes a later one.
    """
    by_site: dict[tuple[int, int], list[int]] = {}
    for event in events:
        container = id(event.container) if event.container is not None else 0
        by_site.setdefault((event.site.index, container), []).append(event.index)
    grouped: dict[int, list[int]] = {}
    for (_, container), indices in by_site.items():
        parts = container != 0 and len(indices) > 1
        if (parts and not recurrent(indices)) or len(indices) > OFTEN:
            grouped[indices[0]] = indices
    inside = {i for indices in grouped.values() for i in indices}
    found: list[Node] = []
    for event in events:
        if event.index in grouped:
            members = [events[i] for i in grouped[event.index]]
            found.append(_group(len(found), members))
        elif event.index not in inside:
            found.append(
                Node(
                    len(found),
                    (event.index,),
                    event.site,
                    dict(event.names),
                    event.value.shape,
                    rate=event.rate,
                    in_place=event.in_place,
                    object_id=event.object_id,
                    container_id=id(event.container) if event.container is not None else 0,
                    container_shape=event.container.shape if event.container is not None else (),
                )
            )
    return found


def _group(index: int, members: Sequence[Event]) -> Node:
    first = members[0]
    names = {name: site for member in members for name, site in member.names.items()}
    events = tuple(member.index for member in members)
    if first.container is None:
        if len({m.value.size for m in members}) > 1:
            return Node(index, events[-1:], first.site, names, members[-1].value.shape)
        return Node(index, events, first.site, names, (sum(member.value.size for member in members),))
    stem = first.site.target.split("[")[0]
    keys = tuple(member.key for member in members)
    return Node(
        index,
        events,
        first.site,
        {stem: first.site, **names},
        first.container.shape,
        keys,
        object_id=id(first.container),
    )
