"""Records the values that an instrumented program computes, and can change them in a replay.

The rewritten program calls a method of the tracer wherever it assigns. Each call that carries a float, or an array of
floats, is an *event*. Events are numbered in the order in which they occur. A replay of the same step meets the same
events in the same order, so an action can be attached to any of them. A replay that meets others took another branch.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.events import (
    Diverged,
    Event,
    Factor,
    Finished,
    Reached,
    Returned,
    SourceLocation,
)
from gradcheck.scripts.instrument.updates import AdditionLog, factors_of
from gradcheck.scripts.instrument.values import (
    Action,
    Array,
    apply_action,
    copy_arrays,
    is_float,
    selects_scattered,
    selects_slices,
)

#: The name under which the rewritten source finds the tracer.
TRACER = "_gradcheck_tracer_"

#: Names are given to the arrays in containers of fewer items than this, nested no deeper than that.
_NAMED_ITEMS, _NAMED_DEPTH = 200, 3


class Tracer:
    """The state of the current run of an instrumented program, and the record of the last recorded one.

    Attributes
    ----------
    locations : list of SourceLocation
        All locations of the program, by their index.
    events : list of Event
        Of the last recorded run.
    layout : list of int or None
        The location of each event of that run; None while it is being recorded.
    integer_locations : dict of int to None
        Locations that were assigned an array of integers, in order.
    reached : tuple of dict or None
        Globals and locals at the loop where the program was stopped.
    """

    def __init__(self) -> None:
        self.locations: list[SourceLocation] = []
        self.events: list[Event] = []
        self.layout: list[int] | None = None
        self.integer_locations: dict[int, None] = {}
        self.reached: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._log: AdditionLog | None = None
        self._updates: set[tuple[str, int, int]] = set()  # where a sum is an update
        self._adding: set[int] = set()  # the same by the index of the location
        self._wanted: int | None = None
        self._draws: list[Any] = []
        self._patch: types.CodeType | None = None
        self._active = self._recording = self._passing = False
        self._actions: Mapping[int, Action] = {}
        self._watched: set[int] = set()
        self._last: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._count = self._draw_count = 0
        self._known: dict[int, int] = {}  # the event of each object, by the object's id
        self._replaced: dict[int, Any] = {}  # what an action put in place of an object
        self._alive: list[Any] = []  # keeps objects alive, so that their ids stay unique
        self._kept: dict[int, Any] = {}
        self.seen: dict[int, Array] = {}
        self.factors: dict[int, tuple[Factor, ...]] = {}

    # -- runs ----------------------------------------------------------------------------------------------------------

    def stop_at(self, loop: int) -> None:
        """Raise `Reached` when the loop of this number begins."""
        self._wanted, self.reached = loop, None

    def add_locations(self, locations: Iterable[SourceLocation]) -> None:
        """Add the locations of one more piece of source."""
        for location in locations:
            self.locations.append(location)
            if location.position in self._updates:
                self._adding.add(location.index)

    def find_updates(self, log: AdditionLog) -> None:
        """Log in the next recorded run which sums are updates."""
        self._log = log

    def use_updates(self) -> bool:
        """Record from now on what is added where the log found updates; whether there are any that were not known."""
        log, self._log = self._log, None
        found = {self.locations[i].position for i in log.updates()} if log is not None else set()
        fresh = found - self._updates
        self._updates |= found
        self._adding |= {location.index for location in self.locations if location.position in fresh}
        return bool(fresh)

    def begin_recording(self, *, repeat_draws: bool = False) -> None:
        """Start a run that records all events; `repeat_draws` lets iterators yield what they yielded before."""
        self._active = self._recording = True
        self._actions, self._watched, self._last = {}, set(), None
        self._clear()
        self.events, self.layout = [], None
        if not repeat_draws:
            self._draws = []

    def begin_replay(
        self, actions: Mapping[int, Action] | None = None, watched: set[int] | None = None, last: int | None = None
    ) -> None:
        """Start a run that applies actions, keeps the values of watched events in `seen`, and ends after `last`."""
        self._active, self._recording = True, False
        self._actions, self._watched, self._last = actions or {}, watched or set(), last
        self._clear()

    def begin_passing(self) -> None:
        """Start a run whose values pass unseen; iterators yield what they yielded before."""
        self._active, self._recording, self._passing = False, False, True
        self._clear()

    def end(self) -> None:
        """End a run: until the next one, all values pass unseen."""
        if self._recording:
            self.layout = [event.location.index for event in self.events]
        self._active = self._passing = False
        self._alive, self._known, self._replaced = [], {}, {}

    def use_patch(self, code: types.CodeType) -> None:
        """Set what the patched statement computes from now on."""
        self._patch = code

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Put the record of the last run, the locations and the patch back on exit."""
        kept = self.events, self.layout, self._draws, self._patch
        count = len(self.locations)
        try:
            yield
        finally:
            self.events, self.layout, self._draws, self._patch = kept
            del self.locations[count:]

    # -- calls of the rewritten program --------------------------------------------------------------------------------

    def value(self, location: int, value: Any, *factors: Any) -> Any:
        """A value that is assigned, returned or passed on; of a product, with its factors."""
        if not self._active:
            return value
        if not self._recording:
            return self._replayed(location, value, factors)
        if not is_float(value):
            if isinstance(value, (dict, list, tuple)):
                self._name(self.locations[location].target, value, self.locations[location])
            elif isinstance(value, np.ndarray) and value.dtype.kind in "iu":
                self.integer_locations[location] = None
            return value
        if self._is_known(location, value):
            return self._replaced.get(id(value), value)
        return self._event(location, value, factors)

    def increment(self, location: int, value: Any, *factors: Any) -> Any:
        """What is added or subtracted; of a product, with its factors."""
        if not self._active or not is_float(value):
            return value
        return self._event(location, value, factors)

    def total(self, left: int, a: Any, a_factors: Any, right: int, b: Any, b_factors: Any) -> Any:
        """The sum or difference of two values. If it is an update of one, the other is an increment."""
        if self._active:
            if right in self._adding:
                b = self.increment(right, b, *b_factors)
            elif left in self._adding:
                a = self.increment(left, a, *a_factors)
        subtracts = self.locations[right].sign < 0
        result = a - b if subtracts else a + b
        if self._log is not None and self._active:
            self._log.add(right, a, result)
            if not subtracts:
                self._log.add(left, b, result)
        return result

    def addend(self, location: int, variable: Any, value: Any) -> Any:
        """What a function adds to a variable, or subtracts from it."""
        if self._active and location in self._adding:
            return self.increment(location, value)
        if self._log is not None and self._active and is_float(variable):
            self._log.add(location, variable, variable + self.locations[location].sign * value)
        return value

    def keep(self, key: int, value: Any) -> Any:
        """Keep a factor until the product is complete."""
        self._kept[key] = value
        return value

    def kept(self, key: int) -> Any:
        """The factor that was kept last under a key."""
        return self._kept.get(key)

    def updated(self, location: int, value: Any, *factors: Any) -> Any:
        """What a name refers to after an augmented assignment, or after its array was changed in place."""
        if not self._active or not is_float(value):
            return value
        return self._event(location, value, factors, in_place=isinstance(value, np.ndarray))

    def updated_item(self, location: int, container: Any, key: Any, augmented: bool) -> None:
        """The same for an item."""
        if not self._active:
            return
        if isinstance(container, np.ndarray):
            self._updated_part(location, container, key, augmented)
            return
        try:
            value = container[key]
        except Exception:
            return
        if not is_float(value):
            self.value(location, value)
            return
        if not augmented and self._is_known(location, value):
            self._name_item(location, value, key)
            return
        new = self._event(location, value, in_place=augmented and isinstance(value, np.ndarray))
        self._name_item(location, new, key)
        if new is not value:
            container[key] = new

    def _updated_part(self, location: int, container: Array, key: Any, augmented: bool) -> None:
        if container.dtype.kind != "f" or not container.size:
            return
        if selects_scattered(key) or (augmented and id(container) in self._known and selects_slices(key)):
            self._event(location, container, in_place=True)
            if self._recording:
                stem = self.locations[location].target.split("[")[0]
                self.events[-1].names.setdefault(stem, self.locations[location])
            return
        part = container[key]
        if np.size(part) == 0:
            return
        index = self._count
        new = self._event(location, part, container=container, key=key)
        if index in self._actions:
            container[key] = new

    def updated_attribute(self, location: int, owner: Any, name: str) -> None:
        """The same for an attribute."""
        if not self._active:
            return
        value = getattr(owner, name)
        if is_float(value):
            new = self._event(location, value, in_place=isinstance(value, np.ndarray))
            if new is not value:
                setattr(owner, name, new)

    def unpacked(self, locations: tuple[Any, ...], value: Any) -> Any:
        """Several values at once: each is an event, or gets another name."""
        if not self._active:
            return value
        if isinstance(value, np.ndarray):
            value = list(value) if value.ndim else value
        if not isinstance(value, (tuple, list)) or len(value) != len(locations):
            return value
        return tuple(
            self.unpacked(location, v)
            if isinstance(location, tuple)
            else v
            if location is None
            else self.value(location, v)
            for location, v in zip(locations, value, strict=True)
        )

    def alias(self, location: int, value: Any) -> Any:
        """Another name for a value; a view of an array is a value of its own."""
        if not self._active:
            return value
        if isinstance(value, np.ndarray) and value.base is not None and id(value) not in self._known:
            return self.value(location, value)
        if self._recording:
            self._name(self.locations[location].target, value, self.locations[location])
        return value

    def appended(self, location: int, container: Any) -> None:
        """Name the value at the end of a list."""
        if self._active and self._recording and isinstance(container, (list, deque)) and container:
            where = self.locations[location]
            self._name(f"{where.target}[{len(container) - 1}]", container[-1], where)

    def draw(self, iterator: Any, *default: Any) -> Any:
        """``next(iterator)``; a replay gets the recorded value again."""
        if not self._active and not self._passing:
            return next(iterator, *default)
        if self._recording and self._draw_count == len(self._draws):
            self._draws.append(next(iterator, *default))
        self._draw_count += 1
        return copy_arrays(self._draws[self._draw_count - 1])

    def patched(self, scope: dict[str, Any], variables: dict[str, Any], original: Any) -> Any:
        """What the patched statement computes; always a new object."""
        assert self._patch is not None
        value = eval(self._patch, {**scope, **variables})
        return value * 1.0 if is_float(value) else value

    def leave(self, value: Any = None) -> Any:
        """A return statement in the body of the loop."""
        raise Returned

    def arrive(self, loop: int, scope: dict[str, Any], variables: dict[str, Any]) -> None:
        """The first iteration of a loop, or a call of a function, begins."""
        if loop == self._wanted and self.reached is None:
            self.reached = (scope, dict(variables))
            raise Reached

    # -- events --------------------------------------------------------------------------------------------------------

    def _replayed(self, location: int, value: Any, factors: tuple[Any, ...] = ()) -> Any:
        """`value` in a replay. Most values only pass, so this path is short."""
        if not is_float(value):
            return value
        known = self._known
        key = id(value)
        if key in known:
            return self._replaced.get(key, value)
        index = self._count
        layout = self.layout
        passes = index not in self._actions and index not in self._watched and index != self._last
        if not passes or layout is None or index >= len(layout) or layout[index] != location:
            return self._event(location, value, factors)
        self._count = index + 1
        known[key] = index
        self._alive.append(value)
        return value

    def _event(self, location: int, value: Any, factors: tuple[Any, ...] = (), **details: Any) -> Any:
        """Record an event, or meet it again; the value that the program goes on with."""
        index = self._count
        self._count += 1
        if self._recording:
            where = self.locations[location]
            numbers = factors_of(where, factors)
            event = Event(index, where, np.array(value, dtype=np.float64), {where.target: where}, numbers, **details)
            self.events.append(event)
        elif self.layout is None or index >= len(self.layout) or self.layout[index] != location:
            raise Diverged(f"event {index} at {self.locations[location]}")
        if index in self._watched:
            self.seen[index] = np.array(value, dtype=np.float64)
            if factors:
                self.factors[index] = factors_of(self.locations[location], factors)
        action = self._actions.get(index)
        if action is not None:
            original = value
            value = apply_action(action, original, in_place=bool(details.get("in_place")))
            if value is not original and "container" not in details:
                self._known[id(original)] = index
                self._alive.append(original)
                if isinstance(original, np.ndarray):  # other references to it mean the new value as well
                    self._replaced[id(original)] = value
        if "container" not in details:
            self._known[id(value)] = index
            self._alive.append(value)
            if self._recording:
                event.object_id = id(value)
        if index == self._last:
            raise Finished
        return value

    def _is_known(self, location: int, value: Any) -> bool:
        """Whether a value is an event already; while recording, it gets one more name."""
        index = self._known.get(id(value))
        if index is None:
            return False
        if self._recording:
            self.events[index].names.setdefault(self.locations[location].target, self.locations[location])
        return True

    def _name_item(self, location: int, value: Any, key: Any) -> None:
        """Name a value by its key, where the source computes the key."""
        if self._recording and isinstance(key, (str, int)):
            stem = self.locations[location].target.split("[")[0]
            self.events[self._known[id(value)]].names.setdefault(f"{stem}[{key!r}]", self.locations[location])

    def _name(self, target: str, value: Any, location: SourceLocation, depth: int = _NAMED_DEPTH) -> None:
        """Name a value, or the arrays inside a container."""
        if is_float(value):
            index = self._known.get(id(value))
            if index is not None:
                self.events[index].names.setdefault(target, location)
        elif depth and isinstance(value, dict) and len(value) < _NAMED_ITEMS:
            for key, item in value.items():
                self._name(f"{target}[{key!r}]", item, location, depth - 1)
        elif depth and isinstance(value, (list, tuple)) and len(value) < _NAMED_ITEMS:
            for i, item in enumerate(value):
                self._name(f"{target}[{i}]", item, location, depth - 1)
