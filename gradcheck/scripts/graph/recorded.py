"""A step recorded once, with all its events: what changes if some of them do is computed from the recording."""

from __future__ import annotations

import contextlib
import heapq
import math
import types
import warnings
from collections.abc import Container, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.graph import Graph, Value
from gradcheck.recording.memory import owner_of, positions
from gradcheck.recording.operations import Part, added_at, gathered, same, written
from gradcheck.recording.program import RunningFile
from gradcheck.recording.recorder import Recorder
from gradcheck.recording.rules import NoRule
from gradcheck.recording.sampling import sampled_states
from gradcheck.scripts.instrument.events import Returned
from gradcheck.scripts.instrument.observer import Observer
from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.instrument.values import Action, Array, apply_action
from gradcheck.scripts.replay.state import Path, StateVariable
from gradcheck.scripts.replay.step import Step, Trace
from gradcheck.tracebacks import pass_on_signal

#: Values that are the same differ by less than this, relatively: memory may be laid out in another way.
_SAME = 1e-10

#: Rules of the recorder itself.
_RULES = {same, gathered, written, added_at}

#: Modules whose functions compute nothing but their results; those of random numbers are left out.
_PURE, _IMPURE = ("numpy", "scipy", "math", "builtins", "_operator", "operator"), ("numpy.random", "scipy.stats")


class RecordedStep:
    """The operations of one run of a step, and the events among them.

    Parameters
    ----------
    graph : Graph
    marks : dict of int to int
        The value that each event is.
    numbers : dict of Path to int
        The value that each number of the state is which the step changes.
    memory : dict of int to int
        By the id of an array that the step reads or writes: the value that it held at the start.
    """

    def __init__(
        self, graph: Graph, marks: Mapping[int, int], numbers: Mapping[Path, int], memory: Mapping[int, int]
    ) -> None:
        self._values, self._marks, self._numbers, self._memory = graph.values, marks, numbers, memory
        self._graph = graph
        self._repeatable: dict[int, bool] = {}
        self._events = {value: event for event, value in marks.items()}
        self._users: list[list[int]] = [[] for _ in graph.values]
        for value in graph.values:
            for each in value.inputs:
                self._users[each].append(value.id)

    def above(self, events: Iterable[int]) -> set[int]:
        """The values that some events are made of."""
        return self._graph.ancestors(self._marks[event] for event in events)

    def unrepeatable(self) -> set[int]:
        """The events that something is made of which cannot be computed again, such as a draw of random numbers."""
        ends = [value.id for value in self._values if value.function is not None and not _is_repeatable(value)]
        above = self._graph.ancestors(ends) - set(ends)
        return {event for event, mark in self._marks.items() if mark in above}

    def slopes(self, events: Iterable[int], variables: Iterable[StateVariable]) -> dict[Path, Array]:
        """The derivatives of the sum of some events with respect to state variables; none where they are not known."""
        marks = {self._marks[event] for event in events}
        within = self._graph.ancestors(marks)
        seeds = {number: np.ones(np.shape(self._values[number].array)) for number in marks}
        try:
            of = adjoints(self._graph, seeds, within).of
        except NoRule:
            return {}
        found: dict[Path, Array] = {}
        for variable in variables:
            number = self._number_of(variable)
            if number is None or number not in of:
                continue
            adjoint = np.asarray(of[number], dtype=np.float64)
            if not variable.scalar:
                adjoint = adjoint.reshape(-1)[positions(variable.found, owner_of(variable.found))]
            found[variable.path] = adjoint
        return found

    def samples_states(self, variables: Iterable[StateVariable], events: Iterable[int]) -> bool:
        """Whether some events are made of random states that are drawn with probabilities which variables make."""
        leaves = {number for number in map(self._number_of, variables) if number is not None}
        return not sampled_states(self._graph, leaves).isdisjoint(self.above(events))

    def _number_of(self, variable: StateVariable) -> int | None:
        """The value that a state variable was at the start, or that its memory held."""
        if variable.scalar:
            return self._numbers.get(variable.path)
        return self._memory.get(id(owner_of(variable.found)))

    def replay(
        self,
        actions: Mapping[int, Action],
        changed: Iterable[int],
        states: Iterable[tuple[StateVariable, Array]] = (),
        within: Container[int] | None = None,
    ) -> dict[int, Array] | None:
        """The events that are computed in another way if some events or state variables are changed.

        Parameters
        ----------
        actions : dict of int to Action
            Applied to the values of events.
        changed : iterable of int
            Events whose action changes the recorded value.
        states : iterable of (StateVariable, ndarray), optional
            State variables with other values.
        within : container of int, optional
            Only these values are computed.

        Returns
        -------
        dict of int to ndarray, or None
            By event the value before an action on itself; None if an operation fails, or a number was not followed.
        """
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return self._replayed(actions, changed, states, within)
        except Exception as error:
            pass_on_signal(error)
            return None

    def _replayed(
        self,
        actions: Mapping[int, Action],
        changed: Iterable[int],
        states: Iterable[tuple[StateVariable, Array]],
        within: Container[int] | None,
    ) -> dict[int, Array] | None:
        values, users = self._values, self._users
        states = list(states)
        if any(variable.scalar and self._number_of(variable) is None for variable, _ in states):
            return None
        new = self._started(states)
        seen: dict[int, Array] = {}
        waiting = {self._marks[event] for event in changed} | {user for each in new for user in users[each]}
        queue = sorted(waiting)
        while queue:
            number = heapq.heappop(queue)
            if within is not None and number not in within:
                continue
            value = values[number]
            event = self._events.get(number)
            if event is None:
                function = value.function
                if number not in self._repeatable:
                    self._repeatable[number] = _is_repeatable(value)
                if function is None or not self._repeatable[number]:
                    return None
                out = function(*self._graph.filled(value.args, new), **self._graph.filled(value.kwargs, new))
            else:
                (inner,) = value.inputs
                out = new.get(inner, value.array)
                if inner in new:
                    seen[event] = np.array(out, dtype=np.float64)
                if event in actions:
                    out = apply_action(actions[event], out, in_place=False)
            if _is_identical(out, value.array):
                continue
            new[number] = out
            for user in users[number]:
                if user not in waiting:
                    waiting.add(user)
                    heapq.heappush(queue, user)
        return seen

    def _started(self, states: Iterable[tuple[StateVariable, Array]]) -> dict[int, Any]:
        """The values from before the step that state variables with other values are."""
        new: dict[int, Any] = {}
        for variable, value in states:
            number = self._number_of(variable)
            if number is None:  # memory that the step does not use
                continue
            if variable.scalar:
                new[number] = type(self._values[number].array)(value)
            else:
                owner = owner_of(variable.found)
                flat = np.array(new.get(number, self._values[number].array)).reshape(-1)
                flat[positions(variable.found, owner)] = value
                new[number] = flat.reshape(owner.shape)
        return new


class _Recording(Observer):
    """Marks each event among the recorded values."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.marks: dict[int, int] = {}

    def total(self, a: Any, b: Any, *, subtracts: bool) -> Any:
        return self._recorder.binary(None, "Sub" if subtracts else "Add", a, b)

    def rows(self, array: Array) -> list[Any]:
        return list(self._recorder.rows(None, array))

    def part(self, container: Array, key: Any) -> Any:
        return self._recorder.item(None, container, key)

    def event(self, index: int, value: Any, container: Any, key: Any, in_place: bool) -> Any:
        out, mark = self._recorder.marked(value, in_place=in_place)
        if mark is not None:
            self.marks[index] = mark.id
        if container is None:
            return out
        self._recorder.store(None, out, container, key)
        return value


def record_events(step: Step, trace: Trace) -> RecordedStep | None:
    """Record the step at the program's own point, with its events; None if the recorder cannot follow it.

    Parameters
    ----------
    step : Step
    trace : Trace
    """
    if step.carries_over or step.unsteady:
        return None
    stand_ins = {np.empty: np.zeros, np.empty_like: np.zeros_like}
    recorder = Recorder(running=_running(step), recent=step.functions, stand_ins=stand_ins, widens=True)
    try:
        recording = _Recording(recorder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = _run(recorder, recording, step, trace)
        if not recorder.complete or not _is_same(trace, step.tracer.seen, recording.marks):
            return None
        return RecordedStep(recorder.graph, recording.marks, numbers, recorder.started())
    except Exception as error:  # what the program does only where it is rewritten
        pass_on_signal(error)
        return None
    finally:
        recorder.release()


def _running(step: Step) -> dict[str, RunningFile]:
    program = step.program
    return {
        file: RunningFile(program.sources[file].text, unit.code, partial(program.instrumented_tree, file), TRACER)
        for file, unit in program.units.items()
    }


def _run(recorder: Recorder, recording: _Recording, step: Step, trace: Trace) -> dict[Path, int]:
    """Run the body once; the values that numbers of the state are."""
    program, loop = recorder.program, step.loop
    scopes = [function.name for function in loop.functions if hasattr(function, "name")]
    body = step.observed_body(
        lambda statements: program.rewritten_statements(loop.file, loop.text, statements, scopes, TRACER)
    )
    function = step.as_function(body, program.bound)
    scalars = {variable.path: variable.value for variable in trace.changed() if variable.scalar}
    events = {event.index for event in trace.events}
    with step.observed(recording, events, scalars) as variables, recorder.recording(0, ()):
        for variable in trace.changed():
            if not variable.scalar:
                recorder.value_of(owner_of(variable.found))
        numbers = {path: number_of(recorder, step, path, variables).id for path in scalars}
        with contextlib.suppress(Returned):
            function(*[variables[name] for name in body.parameters])
        recorder.freeze(written=True)
    return numbers


def number_of(recorder: Recorder, step: Step, path: Path, variables: dict[str, Any]) -> Value:
    """The value of a number of the state at the start of a run with some local variables."""
    variable = step.state[path]
    owner: Any = variables if variable.owner is step.locals else variable.owner
    thing = owner[variable.key] if isinstance(owner, (dict, list)) else getattr(owner, variable.key)
    value = recorder.value_of(thing)
    assert value is not None
    return value


def _is_same(trace: Trace, seen: Mapping[int, Array], marks: Container[int]) -> bool:
    """Whether a run has met all events of another one, with the same values up to rounding."""
    return all(
        event.index in marks
        and event.index in seen
        and seen[event.index].shape == event.value.shape
        and is_close(event.value, seen[event.index])
        for event in trace.events
    )


def is_close(one: Array, other: Array) -> bool:
    """Whether two values are one, up to rounding."""
    return largest(one - other) <= _SAME * largest(one)


def largest(values: Array) -> float:
    """The largest magnitude in an array, without a look at NaN."""
    found = float(np.abs(values).max(initial=0.0))
    return found if math.isfinite(found) else float(np.nan_to_num(np.abs(values)).max(initial=0.0))


def _is_identical(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other
    return np.shape(one) == np.shape(other) and np.asarray(one).tobytes() == np.asarray(other).tobytes()


def _is_repeatable(value: Value) -> bool:
    """Whether what made a value may be called again: a function of a library that calls none of the program's."""
    given = (*value.args, *value.kwargs.values())
    return _is_pure(value.function) and not any(isinstance(each, types.FunctionType) for each in given)


def _is_pure(function: Any) -> bool:
    """Whether a function computes nothing but its result, so that it may be called again."""
    if isinstance(function, Part):
        return _is_pure(function.function)
    if isinstance(function, np.ufunc) or function in _RULES:
        return True
    if isinstance(function, np.vectorize):
        return False
    if isinstance(function, types.MethodDescriptorType):
        return function.__objclass__ is np.ndarray
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType):
        return False
    module = getattr(function, "__module__", None) or ""
    return callable(function) and module.partition(".")[0] in _PURE and not module.startswith(_IMPURE)
