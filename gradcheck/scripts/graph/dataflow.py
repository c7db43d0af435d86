"""Which value depends on which: found by moving one and holding all others."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.graph.nodes import Node, nodes_of
from gradcheck.scripts.instrument.events import Action
from gradcheck.scripts.replay.snapshot import Leaf
from gradcheck.scripts.replay.step import Step, Trace

Array = NDArray[Any]
Path = tuple[Any, ...]

#: How far values are moved, relative to their size, and what of it counts as having arrived.
MOVE, ARRIVED = 1e-4, 1e-8


@dataclass
class Base:
    """A point at which a step is looked at: the parameters, and all values of the step there.

    Attributes
    ----------
    step : Step
    values : dict
        Parameters that differ from the program's own.
    trace : Trace
    name : str
    """

    step: Step
    values: dict[Path, Array]
    trace: Trace
    name: str
    neutral: dict[int, Path] = field(default_factory=dict)
    neutral_keys: dict[int, Any] = field(default_factory=dict)

    def value(self, node: Node) -> Array:
        """The value of a node here."""
        return node.read(lambda event: self.trace.events[event].value)

    def leaf(self, path: Path) -> Array:
        """The value of a leaf here."""
        return self.values[path] if path in self.values else self.trace.before[path].value

    def run(
        self,
        watched: Sequence[Node],
        actions: Mapping[int, Action] | None = None,
        leaves: Mapping[Path, Array] | None = None,
        *,
        updating: bool = False,
    ) -> list[Array] | None:
        """Values of nodes in a replay with changes, as they are computed before any action on themselves.

        Unless `updating`, updates of parameters do nothing in it: whatever is computed after them still sees the
        parameters as they were.
        """
        wanted = {event for node in watched for event in node.events}
        values = {**self.values, **(leaves or {})}
        all_actions: dict[int, Action] = {}
        for event, path in self.neutral.items() if not updating else ():
            start = values[path] if path in values else self.trace.before[path].value
            key = self.neutral_keys.get(event)
            all_actions[event] = _back(start if key is None else start[key])
        all_actions.update(actions or {})
        seen = self.step.replay(all_actions, wanted, max(wanted, default=None), values)
        if seen is None:
            return None
        return [node.read(seen.__getitem__) for node in watched]


def _back(value: Array) -> Action:
    return lambda _: value


class Flow:
    """What depends directly on what in one step.

    Parameters
    ----------
    step : Step
    trace : Trace
        Of the program's own point.
    """

    def __init__(self, step: Step, trace: Trace, rng: np.random.Generator) -> None:
        self.step, self.rng = step, rng
        self.base = Base(step, {}, trace, "your point")
        self.nodes = nodes_of(trace.events, self._recurrent)
        self._holding: dict[int, Action] = {}
        self._bytes = {event.index: event.value.tobytes() for event in trace.events}
        self._from_leaf: dict[Path, tuple[Array, dict[int, Array]]] = {}
        for node in self.nodes:
            self._holding.update(node.held(self.base.value(node)))
        self._events = sorted(self._holding)
        self.children: dict[int, dict[int, Array]] = {}
        self.shifts: dict[int, Array] = {}
        self.parents: dict[int, set[int]] = {node.index: set() for node in self.nodes}

    def _recurrent(self, indices: list[int]) -> bool:
        events = self.base.trace.events
        first = indices[0]

        def added(i: int) -> bool:
            before = events[i - 1]
            return before.site.kind == "increment" and before.site.line == events[i].site.line

        ahead = {i - 1 if added(i) else i for i in indices[1:]}
        shift = self._step_of(events[first].value)
        seen = self.step.replay({first: lambda v: v + shift}, ahead)
        if seen is None:
            return True
        return any(not np.array_equal(seen[i], events[i].value, equal_nan=True) for i in ahead)

    def _step_of(self, value: Array) -> Array:
        size = float(np.sqrt(np.mean(value * value))) if value.size else 1.0
        size = size if 0 < size < np.inf else 1.0
        signs = self.rng.choice([-1.0, 1.0], size=value.shape)
        return np.asarray(MOVE * size * signs * self.rng.uniform(0.5, 1.5, size=value.shape))

    def from_leaf(self, leaf: Leaf) -> tuple[Array, dict[int, Array]]:
        """How a leaf was moved, and the nodes that depend directly on it, each with how it moved."""
        if leaf.path not in self._from_leaf:
            shift = self._step_of(leaf.value)
            seen = self.step.replay(self._holding, set(self._holding), values={leaf.path: leaf.value + shift})
            self._from_leaf[leaf.path] = shift, self._moved(seen, ())
        return self._from_leaf[leaf.path]

    def follow(self, nodes: Iterable[Node] | None = None) -> None:
        """Find the children of nodes."""
        for node in self.nodes if nodes is None else nodes:
            if node.index in self.children:
                continue
            value = self.base.value(node)
            shift = self._step_of(value)
            later = self._events[bisect.bisect_left(self._events, node.first) :]  # what comes before stays as it was
            actions = {e: self._holding[e] for e in later}
            seen = self.step.replay({**actions, **node.held(value + shift)}, set(later))
            found = self._moved(seen, node.events)
            self.shifts[node.index] = shift
            self.children[node.index] = found
            for child in found:
                self.parents[child].add(node.index)

    def _moved(self, seen: dict[int, Array] | None, own: tuple[int, ...]) -> dict[int, Array]:
        if seen is None:
            return {}
        found = {}
        first, events = min(own, default=-1), self.base.trace.events
        changed = {e for e, value in seen.items() if e > first and value.tobytes() != self._bytes[e]}
        for node in self.nodes:
            if not any(e in changed for e in node.events) or any(e in own for e in node.events):
                continue
            change = 0.0
            scale = 0.0
            for event in node.events:
                if event in seen:
                    old = events[event].value
                    gap = np.abs(seen[event] - old)
                    change = max(change, float(np.nan_to_num(gap).max()))
                    scale = max(scale, float(np.nan_to_num(np.abs(old)).max()))
            if change > ARRIVED * MOVE * max(scale, 1e-300):
                now = node.read(lambda e: seen[e] if e in seen else events[e].value)
                found[node.index] = now - self.base.value(node)
        return found

    def ancestors(self, nodes: Iterable[int], stop: Iterable[int] = ()) -> set[int]:
        """All nodes that these depend on, themselves included; not beyond those where to stop."""
        found: set[int] = set()
        ends = set(stop)
        stack = list(nodes)
        while stack:
            index = stack.pop()
            if index in found:
                continue
            found.add(index)
            if index not in ends:
                stack += list(self.parents[index])
        return found

    def descendants(self, nodes: Iterable[int]) -> set[int]:
        """All nodes that depend on these, themselves included."""
        found: set[int] = set()
        stack = list(nodes)
        while stack:
            index = stack.pop()
            if index not in found:
                found.add(index)
                stack += list(self.children.get(index, ()))
        return found
