"""Records the values that an instrumented program computes, and can change them in a replay.

The rewritten program calls a method of the tracer wherever it assigns. Each call that carries a float, or an array of
floats, is an *event*. Events are numbered in the order in which they occur. A replay of the same step meets the same
events in the same order, so an action can be attached to any of them. A replay that meets others took another branch.
"""

from __future__ import annotations

import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import TargetError
from gradcheck.recording.casts import wide_type
from gradcheck.scripts.instrument.events import (
    Diverged,
    Event,
    Factor,
    Finished,
    Reached,
    Returned,
    SourceLocation,
)
from gradcheck.scripts.instrument.observer import Observer
from gradcheck.scripts.instrument.ordered_sets import new_set
from gradcheck.scripts.instrument.updates import AdditionLog, factors_of
from gradcheck.scripts.instrument.values import (
    Action,
    Array,
    apply_action,
    is_float,
    selects_scattered,
    selects_slices,
)

#: The name under which the rewritten source finds the tracer.
TRACER = "_gradcheck_tracer_"

#: Names are given to the arrays in containers of fewer items than this, nested no deeper than that.
_NAMED_ITEMS, _NAMED_DEPTH = 200, 3


#: Suspensions of a coroutine that is awaited without an event loop.
_MOST_SUSPENSIONS = 1_000


@dataclass(frozen=True)
class Arrival:
    """Where a program was stopped: at the first iteration of a loop, or at a call of a function.

    Attributes
    ----------
    loop : int
        Its number.
    scope, variables : dict
        Globals and locals there.
    cells : dict of str to cell
        The cells of those locals that other functions share.
    """

    loop: int
    scope: dict[str, Any]
    variables: dict[str, Any]
    cells: dict[str, Any]


def _never(_: int) -> bool:
    return False


def _ignored(_: Any) -> None:
    """Nothing is done where the program is stopped."""


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
    narrow : dict of SourceLocation to None
        Types of narrow floats for which float64 was used, in order.
    reached : Arrival or None
        Where the program was stopped.
    failure : exception or None
        What the last replay that failed has raised.
    overflows : bool
        Whether the last recorded run was ended because of its many events.
    over : bool
        Whether the program has ended, or the current run: no code of the program runs any more.
    """

    def __init__(self) -> None:
        self.locations: list[SourceLocation] = []
        self.events: list[Event] = []
        self.layout: list[int] | None = None
        self.integer_locations: dict[int, None] = {}
        self.narrow: dict[SourceLocation, None] = {}
        self.reached: Arrival | None = None
        self.over = False
        self._widens = False
        self._using = False
        self.overflows = False
        self._most: int | None = None
        self._log: AdditionLog | None = None
        self._updates: set[tuple[str, int, int]] = set()  # where a sum is an update
        self._adding: set[int] = set()  # the same by the index of the location
        self._wants: Callable[[int], bool] = _never
        self._use: Callable[[Arrival], bool | None] = _ignored
        self.failure: BaseException | None = None
        self._patch: types.CodeType | None = None
        self._observer = Observer()
        self._active = self._recording = False
        self._actions: Mapping[int, Action] = {}
        self._watched: set[int] = set()
        self._last: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._count = 0
        self._known: dict[int, int] = {}  # the event of each object, by the object's id
        self._replaced: dict[int, Any] = {}  # what an action put in place of an object
        self._alive: list[Any] = []  # keeps objects alive, so that their ids stay unique
        self._kept: dict[int, Any] = {}
        self.seen: dict[int, Array] = {}
        self.factors: dict[int, tuple[Factor, ...]] = {}

    # -- runs ----------------------------------------------------------------------------------------------------------

    def stop_at(self, wants: Callable[[int], bool], use: Callable[[Arrival], bool | None] | None = None) -> None:
        """Stop the program at a loop.

        Parameters
        ----------
        wants : callable
            Called with the number of each loop, and of each function, whenever an iteration or a call begins.
        use : callable, optional
            Called where the program is stopped, while its functions have not ended. `Reached` is raised after it,
            unless it returns True.
        """
        self._wants, self._use, self.reached, self.over = wants, use or _ignored, None, False

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

    def begin_recording(self, most: int | None = None) -> None:
        """Start a run that records all events. It ends, with `overflows` set, if there are more than `most`."""
        self._active = self._recording = True
        self.overflows, self._most = False, most
        self.over = False
        self._actions, self._watched, self._last = {}, set(), None
        self._clear()
        self.events, self.layout = [], None

    def begin_replay(
        self, actions: Mapping[int, Action] | None = None, watched: set[int] | None = None, last: int | None = None
    ) -> None:
        """Start a run that applies actions, keeps the values of watched events in `seen`, and ends after `last`."""
        self._active, self._recording, self.over = True, False, False
        self._actions, self._watched, self._last = actions or {}, watched or set(), last
        self._clear()

    def begin_observed(self, observer: Observer, events: set[int]) -> None:
        """Start a replay of all events, without actions, for an observer."""
        self.begin_replay(watched=events)
        self._observer = observer

    def begin_unseen(self) -> None:
        """Start a run of which nothing is recorded."""
        self.over = False

    def end(self) -> None:
        """End a run: until the next one, all values pass unseen."""
        if self._recording:
            self.layout = [event.location.index for event in self.events]
        self._active = self._recording = False
        self.over = self.reached is not None
        self._alive, self._known, self._replaced = [], {}, {}
        self._observer = Observer()

    @contextmanager
    def widening(self) -> Iterator[None]:
        """Conversions to narrow floats give float64."""
        before, self._widens = self._widens, True
        try:
            yield
        finally:
            self._widens = before

    def use_patch(self, code: types.CodeType) -> None:
        """Set what the patched expression is from now on."""
        self._patch = code

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Put the record of the last run, the locations and the patch back on exit."""
        kept = self.events, self.layout, self._patch
        count = len(self.locations)
        try:
            yield
        finally:
            self.events, self.layout, self._patch = kept
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
        result = self._observer.total(a, b, subtracts=subtracts)
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

    def made_set(self, kind: Any, *items: Any) -> Any:
        """``set(items)``, in an order that is the same in each replay; `kind` is what is called, None for ``{…}``."""
        return new_set(*items) if kind in (None, set) else kind(*items)

    def wide(self, location: int, kind: Any) -> Any:
        """A type that something is converted to: in a step float64 in place of narrower floats."""
        if not self._widens:
            return kind
        found = wide_type(kind)
        if found is not kind:
            self.narrow[self.locations[location]] = None
        return found

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
        part = self._observer.part(container, key)
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
            value = self._observer.rows(value) if value.ndim else value
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

    def shown(self, location: int, value: Any) -> Any:
        """An attribute that is printed or stored: a number gets one more name."""
        if self._active and self._recording and is_float(value) and not isinstance(value, np.ndarray):
            self._is_known(location, value)
        return value

    def appended(self, location: int, container: Any) -> None:
        """Name the value at the end of a list."""
        if self._active and self._recording and isinstance(container, (list, deque)) and container:
            where = self.locations[location]
            self._name(f"{where.target}[{len(container) - 1}]", container[-1], where)

    def patched(self, scope: dict[str, Any], variables: dict[str, Any], original: Any) -> Any:
        """What the patched expression is; always a new object."""
        assert self._patch is not None
        value = eval(self._patch, {**scope, **variables})
        return value * 1.0 if is_float(value) else value

    def leave(self, value: Any = None) -> Any:
        """A return statement in the body of the loop."""
        raise Returned

    def yielded(self, value: Any = None) -> None:
        """A yield expression in the body of the loop: nobody sends a value."""

    def yielded_from(self, values: Iterable[Any]) -> Any:
        """A ``yield from`` in the body of the loop: all values are taken; the value of the generator."""
        iterator = iter(values)
        while True:
            try:
                next(iterator)
            except StopIteration as end:
                return end.value

    def awaited(self, awaitable: Any) -> Any:
        """``await`` in the body of the loop: the result, without an event loop."""
        steps = awaitable.__await__() if hasattr(awaitable, "__await__") else iter(awaitable)
        for _ in range(_MOST_SUSPENSIONS):
            try:
                next(steps)
            except StopIteration as end:
                return end.value
        raise TargetError(
            "the training step awaits something that only an event loop can finish: await coroutines in it, or check "
            "the function that computes the gradient with --function NAME"
        )

    def iterated(self, values: Any) -> Iterator[Any]:
        """``async for`` in the body of the loop."""
        iterator = values.__aiter__()
        while True:
            try:
                yield self.awaited(iterator.__anext__())
            except StopAsyncIteration:
                return

    @contextmanager
    def entered(self, manager: Any) -> Iterator[Any]:
        """``async with`` in the body of the loop."""
        value = self.awaited(manager.__aenter__())
        try:
            yield value
        except BaseException as error:
            if not self.awaited(manager.__aexit__(type(error), error, error.__traceback__)):
                raise
        else:
            self.awaited(manager.__aexit__(None, None, None))

    # -- the end of a run ----------------------------------------------------------------------------------------------

    def begins(self, loop: int) -> bool:
        """Whether the program is to be stopped here, where an iteration of a loop or a call of a function begins."""
        if self.over:
            main = threading.current_thread() is threading.main_thread()
            if main and self._using and not self._active:  # a look at the program's objects while it is stopped
                return False
            raise Reached if main else SystemExit
        return self.reached is None and self._wants(loop)

    def arrive(self, loop: int, scope: dict[str, Any], variables: dict[str, Any], shared: Any = None) -> None:
        """Stop the program here; `shared` is a closure over variables that other functions share."""
        cells = dict(zip(shared.__code__.co_freevars, shared.__closure__, strict=True)) if shared else {}
        self.stop(Arrival(loop, scope, dict(variables), cells))

    def stop(self, arrival: Any) -> None:
        """End the program here, once what was reached has been used; if that gives True, the program goes on."""
        self.reached = arrival
        self.over = True
        self._using = True
        try:
            goes_on = self._use(arrival)
        finally:
            self._using = False
        if goes_on:
            self.reached, self.over = None, False
            return
        self.over = True
        raise Reached

    def ends(self) -> bool:
        """Whether the program or the run is ending, so that what stands in ``finally`` is left out."""
        return self.over or isinstance(sys.exception(), KeyboardInterrupt)

    def caught(self) -> bool:
        """Whether the exception that a handler of the program has caught is none of the program's own."""
        ending = isinstance(sys.exception(), (Reached, Finished, Returned, Diverged, KeyboardInterrupt))
        return ending or self.over

    def forgives(self) -> bool:
        """Whether a statement that only calls a library failed because a replay was kept from doing what it does."""
        error: BaseException | None = sys.exception()
        if not self._active or error is None or error.__traceback__ is None:
            return False
        frame = error.__traceback__.tb_next
        while frame is not None:
            if TRACER in frame.tb_frame.f_globals:  # part of a function of the program would be left out
                return False
            frame = frame.tb_next
        while error is not None:
            if getattr(error, "is_refused_effect", False):
                return True
            error = error.__cause__ or error.__context__
        return False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Values pass unseen."""
        active, self._active = self._active, False
        try:
            yield
        finally:
            self._active = active

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
            if self._most is not None and len(self.events) > self._most:
                self.over = self.overflows = True
                raise Finished
        elif self.layout is None or index >= len(self.layout) or self.layout[index] != location:
            raise Diverged(f"event {index} at {self.locations[location]}")
        if index in self._watched:
            self.seen[index] = np.array(value, dtype=np.float64)
            if factors:
                self.factors[index] = factors_of(self.locations[location], factors)
        action = self._actions.get(index)
        original, in_place = value, bool(details.get("in_place"))
        if not self._recording:
            value = self._observer.event(index, value, details.get("container"), details.get("key"), in_place)
        if action is not None:
            value = apply_action(action, value, in_place=in_place)
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
            self.over = True
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
