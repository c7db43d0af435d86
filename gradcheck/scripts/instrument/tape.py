"""What assignments pass through while a step runs: it records their values, and can change them.

The rewritten program calls a method of the tape wherever it assigns. Each call that carries a number or an array of
floats is an *event*; events are numbered as they come. A replay of the same step meets the same events in the same
order, so that an action can be attached to any of them; where it does not, it has taken another branch.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.events import (
    Action,
    Array,
    Captured,
    Diverged,
    Event,
    Finished,
    Left,
    Site,
    applied,
    by_mask,
    copied,
    is_real,
    only_slices,
)


@dataclass
class Tape:
    """The state of one run.

    Attributes
    ----------
    active : bool
        Whether anything is recorded or changed at all.
    layout : list of int or None
        Sites in the order of the recorded events; None while recording.
    instead : code or None
        What the statement computes that was taken over.
    """

    sites: list[Site] = field(default_factory=list)
    active: bool = False
    wanted: int | None = None
    captured: tuple[dict[str, Any], dict[str, Any]] | None = None
    arrived: set[int] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    layout: list[int] | None = None
    drawn: list[Any] = field(default_factory=list)
    integers: dict[int, None] = field(default_factory=dict)
    instead: types.CodeType | None = None

    # -- one run -----------------------------------------------------------------------------------------------------

    def begin(
        self,
        actions: Mapping[int, Action] | None = None,
        watch: set[int] | None = None,
        last: int | None = None,
        *,
        record: bool = False,
        again: bool = False,
    ) -> None:
        """Start a run: record all events, `again` with the same draws, or apply actions and keep what is watched."""
        self.active, self.recording = True, record
        self.actions, self.watch, self.last = actions or {}, watch or set(), last
        self.count, self.next_count = 0, 0
        self.known: dict[int, int] = {}
        self.replaced: dict[int, Any] = {}
        self.kept: list[Any] = []
        self.seen: dict[int, Array] = {}
        if record:
            self.events, self.layout = [], None
            self.drawn = self.drawn if again else []

    def end(self) -> None:
        """Back to letting everything pass."""
        if self.recording:
            self.layout = [event.site.index for event in self.events]
        self.active = False
        self.kept, self.known, self.replaced = [], {}, {}

    # -- what the program calls ----------------------------------------------------------------------------------------

    def value(self, site: int, value: Any) -> Any:
        """A value that is assigned, returned or passed on."""
        if not self.active:
            return value
        if not self.recording:
            return self._passed(site, value)
        if not is_real(value):
            if self.recording and isinstance(value, (dict, list, tuple)):
                self._called(self.sites[site].target, value, self.sites[site])
            elif self.recording and isinstance(value, np.ndarray) and value.dtype.kind in "iu":
                self.integers[site] = None
            return value
        if self._alias(site, value):
            return self.replaced.get(id(value), value)
        return self._event(site, value)

    def increment(self, site: int, value: Any, rate: Any = 1.0) -> Any:
        """What is added or subtracted, with the learning rate that it contains."""
        if not self.active or not is_real(value):
            return value
        return self._event(site, value, rate=rate)

    def post(self, site: int, value: Any) -> Any:
        """What a name holds after it was changed in place, or bound again by an augmented assignment."""
        if not self.active or not is_real(value):
            return value
        return self._event(site, value, in_place=isinstance(value, np.ndarray))

    def post_item(self, site: int, container: Any, key: Any, augmented: bool) -> None:
        """The same for an item."""
        if not self.active:
            return
        if isinstance(container, np.ndarray):
            if container.dtype.kind != "f" or not container.size:
                return
            if by_mask(key) or (augmented and id(container) in self.known and only_slices(key)):
                if self.recording:
                    stem = self.sites[site].target.split("[")[0]
                    self._event(site, container, in_place=True)
                    self.events[-1].names.setdefault(stem, self.sites[site])
                else:
                    self._event(site, container, in_place=True)
                return
            part = container[key]
            if np.size(part) == 0:
                return
            index, keep = self.count, container
            new = self._event(site, part, container=keep, key=key)
            if index in self.actions:
                container[key] = new
            return
        try:
            value = container[key]
        except Exception:
            return
        if not is_real(value):
            self.value(site, value)
            return
        if not augmented and self._alias(site, value):
            self._keyed(site, value, key)
            return
        new = self._event(site, value, in_place=augmented and isinstance(value, np.ndarray))
        self._keyed(site, new, key)
        if new is not value:
            container[key] = new

    def _keyed(self, site: int, value: Any, key: Any) -> None:
        """Call a value what its key says, where the source computes the key."""
        if self.recording and isinstance(key, (str, int)):
            stem = self.sites[site].target.split("[")[0]
            self.events[self.known[id(value)]].names.setdefault(f"{stem}[{key!r}]", self.sites[site])

    def post_attribute(self, site: int, owner: Any, name: str) -> None:
        """The same for an attribute."""
        if not self.active:
            return
        value = getattr(owner, name)
        if is_real(value):
            new = self._event(site, value, in_place=isinstance(value, np.ndarray))
            if new is not value:
                setattr(owner, name, new)

    def unpack(self, sites: tuple[Any, ...], value: Any) -> Any:
        """Several values at once: an event each, or further names of such."""
        if not self.active:
            return value
        if isinstance(value, np.ndarray):
            value = list(value) if value.ndim else value
        if not isinstance(value, (tuple, list)) or len(value) != len(sites):
            return value
        return tuple(
            self.unpack(site, v) if isinstance(site, tuple) else v if site is None else self.value(site, v)
            for site, v in zip(sites, value, strict=True)
        )

    def name(self, site: int, value: Any) -> Any:
        """Another name for a value; a part of an array is a value of its own."""
        if not self.active:
            return value
        if isinstance(value, np.ndarray) and value.base is not None and id(value) not in self.known:
            return self.value(site, value)
        if self.recording:
            self._called(self.sites[site].target, value, self.sites[site])
        return value

    def appended(self, site: int, container: Any) -> None:
        """A value at the end of a list has a name."""
        if self.active and self.recording and isinstance(container, (list, deque)) and container:
            where = self.sites[site]
            self._called(f"{where.target}[{len(container) - 1}]", container[-1], where)

    def draw(self, iterator: Any, *default: Any) -> Any:
        """``next(iterator)``, which a replay does not draw again."""
        if not self.active:
            return next(iterator, *default)
        if self.recording and self.next_count == len(self.drawn):
            self.drawn.append(next(iterator, *default))
        self.next_count += 1
        return copied(self.drawn[self.next_count - 1])

    def computed(self, scope: dict[str, Any], variables: dict[str, Any], as_it_was: Any) -> Any:
        """What a statement computes that was taken over; always a value of its own."""
        assert self.instead is not None
        value = eval(self.instead, {**scope, **variables})
        return value * 1.0 if is_real(value) else value

    def leave(self, value: Any = None) -> Any:
        """A return out of the body of the loop."""
        raise Left

    def arrive(self, loop: int, scope: dict[str, Any], variables: dict[str, Any]) -> None:
        """The first pass of a loop begins."""
        self.arrived.add(loop)
        if loop == self.wanted and self.captured is None:
            self.captured = (scope, dict(variables))
            raise Captured

    def _passed(self, site: int, value: Any) -> Any:
        """The same in a replay, where most values only pass."""
        if not is_real(value):
            return value
        known = self.known
        key = id(value)
        if key in known:
            return self.replaced.get(key, value)
        index = self.count
        layout = self.layout
        quiet = index not in self.actions and index not in self.watch and index != self.last
        if not quiet or layout is None or index >= len(layout) or layout[index] != site:
            return self._event(site, value)
        self.count = index + 1
        known[key] = index
        self.kept.append(value)
        return value

    # -- events --------------------------------------------------------------------------------------------------------

    def _event(self, site: int, value: Any, rate: Any = 1.0, **more: Any) -> Any:
        index = self.count
        self.count += 1
        if self.recording:
            where = self.sites[site]
            rate = float(rate) if isinstance(rate, (int, float, np.floating)) and rate else 1.0
            event = Event(index, where, np.array(value, dtype=np.float64), {where.target: where}, rate, **more)
            self.events.append(event)
        elif self.layout is None or index >= len(self.layout) or self.layout[index] != site:
            raise Diverged(f"event {index} at {self.sites[site]}")
        if index in self.watch:
            self.seen[index] = np.array(value, dtype=np.float64)
        action = self.actions.get(index)
        if action is not None:
            original = value
            value = applied(action, original, in_place=bool(more.get("in_place")))
            if value is not original and "container" not in more:
                self.known[id(original)] = index
                self.kept.append(original)
                if isinstance(original, np.ndarray):  # what else holds it means this value as well
                    self.replaced[id(original)] = value
        if "container" not in more:
            self.known[id(value)] = index
            self.kept.append(value)
            if self.recording:
                event.object_id = id(value)
        if index == self.last:
            raise Finished
        return value

    def _alias(self, site: int, value: Any) -> bool:
        index = self.known.get(id(value))
        if index is None:
            return False
        if self.recording:
            self.events[index].names.setdefault(self.sites[site].target, self.sites[site])
        return True

    def _called(self, target: str, value: Any, site: Site, depth: int = 3) -> None:
        """Give a name to the arrays inside a container."""
        if is_real(value):
            index = self.known.get(id(value))
            if index is not None:
                self.events[index].names.setdefault(target, site)
        elif depth and isinstance(value, dict) and len(value) < 200:
            for key, item in value.items():
                self._called(f"{target}[{key!r}]", item, site, depth - 1)
        elif depth and isinstance(value, (list, tuple)) and len(value) < 200:
            for i, item in enumerate(value):
                self._called(f"{target}[{i}]", item, site, depth - 1)
