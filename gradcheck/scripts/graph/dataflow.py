"""The data-flow graph of a step: what changes if one value is perturbed while all others are held fixed.

The step is recorded once, with its operations, and what a perturbation changes is computed from these. Where the
recorder cannot follow the program, the whole step is replayed for each perturbation.
"""

from __future__ import annotations

import bisect
import copy
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradcheck.errors import TargetError
from gradcheck.scripts.graph.nodes import Node, SumNode, nodes_of
from gradcheck.scripts.graph.recorded import RecordedStep, is_close, largest, record_events
from gradcheck.scripts.instrument.events import Event, Kind
from gradcheck.scripts.instrument.values import Action, Array
from gradcheck.scripts.replay.state import Path, StateVariable
from gradcheck.scripts.replay.step import Step, Trace
from gradcheck.tracebacks import pass_on_signal

#: The size of a perturbation, relative to the size of the value.
_PERTURBATION = 1e-4

#: A value depends on another if it changes by more than this part of the perturbation, relative to its own size.
_DEPENDENCE = 1e-8

#: A recording predicts a change up to this part of it, and up to this part of the value.
_PREDICTED, _ROUNDING = 1e-4, 1e-10

#: A step that cannot be recorded is replayed for each of its values: with more of them, or if these replays compute
#: more entries, that would take minutes.
_MOST_REPLAYED, _MOST_ENTRIES = 10_000, 4e9

#: Entries of random directions have magnitudes between these, so every entry contributes.
_MAGNITUDES = 0.5, 1.5


def random_direction(value: Array, rng: np.random.Generator, scale: float = 1.0) -> Array:
    """A random direction of the typical size of a value, times `scale`: random signs, magnitudes that differ."""
    size = float(np.sqrt(np.mean(value * value))) if value.size else 1.0
    size = size if 0 < size < np.inf else 1.0
    signs = rng.choice([-1.0, 1.0], size=value.shape)
    return np.asarray(scale * size * signs * rng.uniform(*_MAGNITUDES, size=value.shape))


@dataclass(frozen=True)
class SuppressedUpdate:
    """An update of a parameter that a replay leaves out.

    Attributes
    ----------
    path : Path
        Of the parameter.
    key : object
        The part of the parameter that is updated; None if it is the whole.
    """

    path: Path
    key: Any = None


@dataclass(frozen=True, eq=False)
class BasePoint:
    """Parameter values at which the step is replayed, with the trace that was recorded there.

    Attributes
    ----------
    step : Step
    values : dict of Path to ndarray
        State variables whose values differ from the program's own.
    trace : Trace
    suppressed : dict of int to SuppressedUpdate
        Events that are updates of parameters. A replay leaves them out, so that whatever is computed after an update
        still reads the parameters as they were.
    """

    step: Step
    values: Mapping[Path, Array]
    trace: Trace
    suppressed: Mapping[int, SuppressedUpdate] = field(default_factory=dict)

    def value(self, node: Node) -> Array:
        """The value of a node here."""
        return node.read(lambda event: self.trace.events[event].value)

    def state(self, path: Path) -> Array:
        """The value of a state variable here."""
        return self.values[path] if path in self.values else self.trace.before[path].value

    def run(
        self,
        watched: Sequence[Node],
        actions: Mapping[int, Action] | None = None,
        values: Mapping[Path, Array] | None = None,
        *,
        updating: bool = False,
    ) -> list[Array] | None:
        """Values of nodes in a replay with changes.

        Parameters
        ----------
        watched : sequence of Node
            Their values are those before an action on themselves.
        actions : dict of int to Action, optional
        values : dict of Path to ndarray, optional
            Of state variables.
        updating : bool
            Whether updates take effect.

        Returns
        -------
        list of ndarray, or None
            None if the replay failed or took another branch, or a value has another size in it.
        """
        wanted = {event for node in watched for event in node.events}
        changed = replace(self, values={**self.values, **(values or {})})
        suppressed = changed.suppression()
        applied = {} if updating else dict(suppressed)
        applied.update(actions or {})
        seen = self.step.replay(applied, wanted, max(wanted, default=None), changed.values, suppressed)
        if seen is None:
            return None
        try:
            return [node.read(seen.__getitem__) for node in watched]
        except ValueError:  # of another size
            return None

    def elsewhere(self, watched: Sequence[Node], values: Mapping[Path, Array]) -> list[Array | None]:
        """Values of nodes in a run that may take another branch, as in a function that is written in two cases.

        Its updates take effect. None for nodes whose line does not run as often as it does here, and if the run fails.
        """
        nothing: list[Array | None] = [None] * len(watched)
        if self.step.carries_over or self.step.unsteady:
            return nothing
        with self.step.tracer.preserved():
            try:
                events = self.step.record({**self.values, **values}).events
            except Exception as error:
                pass_on_signal(error)
                return nothing
        here, there = _by_location(self.trace.events), _by_location(events)

        def found(node: Node) -> Array | None:
            own, others = here[node.location.index], there.get(node.location.index, [])
            if len(node.events) > 1 or len(own) != len(others):
                return None
            value = others[own.index(self.trace.events[node.last])].value
            return value if value.shape == node.shape else None

        return [found(node) for node in watched]

    def recorded(self) -> BasePoint | None:
        """The same point with the values that a replay has here; None if the replay takes another branch."""
        events = self.trace.events
        actions = self.suppression()
        seen = self.step.replay(actions, {e.index for e in events}, values=self.values, before=actions)
        if seen is None:
            return None
        factors = dict(self.step.tracer.factors)
        seen |= {event: action(None) for event, action in actions.items()}
        return replace(self, trace=self.trace.with_values(seen, factors))

    def suppression(self) -> dict[int, Action]:
        """Actions that put the old values of parameters in place of updated ones."""
        return {event: _back_to(self.state(update.path), update.key) for event, update in self.suppressed.items()}


def _by_location(events: Iterable[Event]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event.location.index, []).append(event)
    return found


def _back_to(value: Array, key: Any) -> Action:
    old = value if key is None else value[key]
    return lambda _: old


class DataflowGraph:
    """Which value of a step depends directly on which other.

    Parameters
    ----------
    step : Step
    trace : Trace
        Of the program's own point.
    rng : numpy.random.Generator

    Attributes
    ----------
    base : BasePoint
        The program's own point.
    nodes : list of Node
    successors : dict of int to set of int
        For each node that was perturbed, the nodes that depend directly on it.
    predecessors : dict of int to set of int
    """

    def __init__(self, step: Step, trace: Trace, rng: np.random.Generator) -> None:
        self.step, self.rng = step, rng
        self.base, self._start = BasePoint(step, {}, trace), trace
        self._followed: dict[BasePoint, bool] = {}
        self._recorded = self._seen = record_events(step, trace)
        self._read_nodes()
        if self._recorded is not None and not self._is_trusted(self._recorded):
            self._recorded = None
            self._read_nodes()
        if self._recorded is None:
            self._refuse_if_large()

    def _refuse_if_large(self) -> None:
        """Raise `TargetError` if following the values of the step by replays would take minutes."""
        events = self.base.trace.events
        entries = sum(event.value.size for event in events)
        if len(events) > _MOST_REPLAYED or len(self.nodes) * entries > _MOST_ENTRIES:
            raise TargetError(
                f"one iteration of the loop on line {self.step.loop.line} assigns {len(events)} values with {entries} "
                "numbers, too many to follow one by one: check a smaller problem, with few samples in a batch and "
                "small layers"
            )

    def _read_nodes(self) -> None:
        """Find the nodes; nothing is known about them yet."""
        trace = self.base.trace
        self.nodes = nodes_of(trace.events, self._is_recurrent)
        self.successors: dict[int, set[int]] = {}
        self.predecessors: dict[int, set[int]] = {node.index: set() for node in self.nodes}
        self._holding: dict[int, Action] = {}  # keeps every node at its value
        self._bytes = {event.index: event.value.tobytes() for event in trace.events}
        self._responses: dict[Path, tuple[Array, dict[int, Array]]] = {}
        self._changed: dict[int, tuple[Array, dict[int, Array]]] = {}
        for node in self.nodes:
            self._holding.update(node.set_to(self.base.value(node)))
        self._events = sorted(self._holding)
        self._node_of = {event: node for node in self.nodes for event in node.events}

    def _is_trusted(self, recorded: RecordedStep) -> bool:
        """Whether a replay in which all nodes and variables are changed computes what the recording says.

        Nodes of which the recording says nothing are left out: perturbing them takes replays.
        """
        events = self.base.trace.events
        actions: dict[int, Action] = {}
        unknown = recorded.unrepeatable()
        for node in self.nodes:
            if unknown.isdisjoint(node.events):
                actions.update(node.set_to(self._scaled(self.base.value(node))))
        states = [(variable, self._scaled(variable.value)) for variable in self.base.trace.changed()]
        said = recorded.replay(actions, actions, states)
        seen = self.step.replay(actions, set(self._bytes), values={v.path: value for v, value in states})
        if said is None or seen is None:
            return False
        return all(_is_predicted(e.value, seen[e.index], said.get(e.index, e.value)) for e in events)

    def _scaled(self, value: Array) -> Array:
        """A value whose entries are a little larger, each by another factor; zeros become small numbers."""
        parts = _PERTURBATION * self.rng.uniform(*_MAGNITUDES, size=value.shape)
        return np.asarray(np.where(value == 0, parts, value * (1.0 + parts)))

    def follows(self, base: BasePoint) -> bool:
        """Whether the recording computes what a replay has computed at a base point."""
        if self._recorded is None or base.step.carries_over:
            return False
        if base not in self._followed:
            said = self._said(base, {}, None)
            self._followed[base] = said is not None and all(
                is_close(base.trace.events[e.index].value, said.get(e.index, e.value))
                for e in self._start.events
                if e.index not in base.suppressed
            )
        return self._followed[base]

    def values(self, base: BasePoint, watched: Sequence[Node], values: Mapping[Path, Array]) -> list[Array] | None:
        """Values of nodes near a base point, with others of some state variables; None if a replay has none."""
        if self.follows(base):
            said = self._said(base, values, {event for node in watched for event in node.events})
            if said is not None:
                return [node.read(lambda e: said[e] if e in said else self._start.events[e].value) for node in watched]
        return base.run(watched, values=values)

    def slopes(self, node: Node, variables: Sequence[StateVariable]) -> dict[Path, Array]:
        """The derivatives of a number with respect to state variables, by the recording, where they are known."""
        return {} if self._recorded is None else self._recorded.slopes(node.events, variables)

    def samples_states(self, updates: Iterable[tuple[StateVariable, Sequence[Node]]]) -> bool:
        """Whether the new values of variables are made of random states that are drawn with probabilities of them.

        A recording that does not tell what a perturbation changes shows what the run itself has done.
        """
        pairs = list(updates)
        events = {event for _, nodes in pairs for node in nodes for event in node.events}
        return self._seen is not None and self._seen.samples_states([v for v, _ in pairs], events)

    def _said(self, base: BasePoint, values: Mapping[Path, Array], wanted: set[int] | None) -> dict[int, Array] | None:
        """The events that differ from those of the program's own point, by the recording."""
        moved = replace(base, values={**base.values, **values})
        actions = moved.suppression()
        states = [(self.step.state[path], value) for path, value in moved.values.items()]
        return self._computed(actions, actions, states, wanted)

    def at(self, base: BasePoint) -> DataflowGraph:
        """The same graph with the values of another base point; what was measured is shared."""
        other = copy.copy(self)
        other.base = base
        return other

    def perturbation(self, value: Array, scale: float = 1.0) -> Array:
        """A small random change of a value."""
        return scale * random_direction(value, self.rng, _PERTURBATION)

    def _is_recurrent(self, indices: list[int]) -> bool:
        """Whether the first of some writes to parts of an array changes a later one."""
        events = self.base.trace.events
        first = indices[0]

        def source(i: int) -> int:
            before = events[i - 1]
            own = before.location.kind is Kind.INCREMENT and before.location.line == events[i].location.line
            return i - 1 if own else i

        later = {source(i) for i in indices[1:]}
        shift = self.perturbation(events[first].value)
        actions = {first: lambda v: v + shift}
        seen = self._computed(actions, actions, above=later)
        if seen is None:
            seen = self.step.replay(actions, later)
        if seen is None:
            return True
        return any(i in seen and not np.array_equal(seen[i], events[i].value, equal_nan=True) for i in later)

    def _computed(
        self,
        actions: Mapping[int, Action],
        changed: Iterable[int],
        states: Sequence[tuple[StateVariable, Array]] = (),
        above: Iterable[int] | None = None,
    ) -> dict[int, Array] | None:
        """The events that the recording computes in another way, only those above some; None if there is none."""
        if self._recorded is None:
            return None
        within = None if above is None else self._recorded.above(above)
        return self._recorded.replay(actions, changed, states, within)

    def responses_to(self, variable: StateVariable) -> tuple[Array, dict[int, Array]]:
        """The perturbation of a state variable, and how the nodes that depend directly on it changed."""
        if variable.path not in self._responses:
            shift = self.perturbation(variable.value)
            value = variable.value + shift
            seen = self._computed(self._holding, (), [(variable, value)])
            if seen is None:
                seen = self.step.replay(self._holding, set(self._holding), values={variable.path: value})
            self._responses[variable.path] = shift, self._changes(seen, ())
        return self._responses[variable.path]

    def changes_by(self, node: Node) -> tuple[Array, dict[int, Array]]:
        """The perturbation of a node, and how the nodes that depend directly on it changed."""
        if node.index not in self._changed:
            self._changed[node.index] = self._measured(node)
        return self._changed[node.index]

    def joined(self, terms: Sequence[tuple[Node, Any, float]], shape: tuple[int, ...]) -> Node:
        """A node for what increments add to one array together; it depends on what they depend on.

        Parameters
        ----------
        terms : sequence of (Node, key, float)
            As for `SumNode`.
        shape : tuple of int
            Of the array.
        """
        first = terms[0][0]
        events = tuple(event for node, _, _ in terms for event in node.events)
        factors = tuple(f for f in first.factors if all(f in node.factors for node, _, _ in terms))
        node = SumNode(
            len(self.nodes), events, first.location, dict(first.names), shape, factors=factors, terms=tuple(terms)
        )
        self.nodes.append(node)
        self.successors[node.index] = set().union(*(self.successors.get(n.index, set()) for n, _, _ in terms))
        self.predecessors[node.index] = {n.index for n, _, _ in terms}
        for index in self.predecessors[node.index]:
            self.successors.setdefault(index, set()).add(node.index)
        return node

    def find_successors(self) -> None:
        """Find for all nodes those that depend directly on them, where that is not known yet."""
        for node in self.nodes:
            if node.index not in self.successors:
                self._measured(node)

    def _measured(self, node: Node) -> tuple[Array, dict[int, Array]]:
        value = self.base.value(node)
        usual = self.perturbation(value)
        for shift in (usual, np.abs(usual), -np.abs(usual)):  # a branch at zero may be left by some of them only
            own = node.set_to(value + shift)
            seen = self._computed(ChainMap(own, self._holding), own)
            if seen is None:
                later = self._events[bisect.bisect_left(self._events, node.first) :]  # earlier events cannot change
                actions = {e: self._holding[e] for e in later}
                seen = self.step.replay({**actions, **own}, set(later))
            if seen is not None:
                break
        found = self._changes(seen, node.events)
        self.successors[node.index] = set(found)
        for successor in found:
            self.predecessors[successor].add(node.index)
        return shift, found

    def _changes(self, seen: dict[int, Array] | None, own: tuple[int, ...]) -> dict[int, Array]:
        """How nodes changed in a replay that perturbed the node of some events."""
        if seen is None:
            return {}
        found = {}
        first, events = min(own, default=-1), self.base.trace.events
        changed = {e for e, value in seen.items() if e > first and value.tobytes() != self._bytes[e]}
        nodes = {self._node_of[e].index: self._node_of[e] for e in sorted(changed) if e in self._node_of}
        for _, node in sorted(nodes.items()):
            if any(e in own for e in node.events):
                continue
            change = 0.0
            scale = 0.0
            for event in node.events:
                old = events[event].value
                scale = max(scale, largest(old))
                if event in seen:
                    change = max(change, largest(seen[event] - old))
            if change > _DEPENDENCE * _PERTURBATION * max(scale, 1e-300):
                now = node.read(lambda e: seen[e] if e in seen else events[e].value)
                found[node.index] = now - self.base.value(node)
        return found

    def ancestors(self, nodes: Iterable[int], stop: Iterable[int] = ()) -> set[int]:
        """All nodes that these depend on, themselves included, and not beyond those in `stop`."""
        found: set[int] = set()
        ends = set(stop)
        stack = list(nodes)
        while stack:
            index = stack.pop()
            if index in found:
                continue
            found.add(index)
            if index not in ends:
                stack += list(self.predecessors[index])
        return found

    def descendants(self, nodes: Iterable[int]) -> set[int]:
        """All nodes that depend on these, themselves included."""
        found: set[int] = set()
        stack = list(nodes)
        while stack:
            index = stack.pop()
            if index not in found:
                found.add(index)
                stack += list(self.successors.get(index, ()))
        return found


def _is_predicted(old: Array, seen: Array, said: Array) -> bool:
    """Whether a change of a value is what was said, up to rounding."""
    return largest(seen - said) <= _PREDICTED * largest(seen - old) + _ROUNDING * largest(old)
