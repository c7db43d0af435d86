"""Finds the updates of a step: state variables that it changes by adding something to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph, SuppressedUpdate
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import Kind
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import StateVariable

#: A node carries a variable if its entries move as those of the variable do: at least this share of them, by a factor
#: between these. An update w - rate * g(w) moves nearly as w does, whatever g is, since rates are small.
_CARRIED_SHARE, _CARRIED_FACTORS = 0.99, (0.5, 1.5)

#: A value is added as it is if its factor is 1 or -1 to this accuracy: differences of 1e-4 are good to about 1e-8.
_EXACTLY_ADDED = 1e-3


@dataclass(frozen=True, eq=False)
class Update:
    """A state variable, and the nodes that hold its new value, one after the other.

    Attributes
    ----------
    variable : StateVariable
    nodes : tuple of Node
    is_pieced : bool
        Whether several parts of it are written, or one after the whole, as ``w -= rate * dw`` and then
        ``w[0] -= rate * db`` do.
    """

    variable: StateVariable
    nodes: tuple[Node, ...] = ()
    is_pieced: bool = False


def changed_variables(graph: DataflowGraph) -> list[StateVariable]:
    """State variables that the step assigns, or whose values it changes."""
    trace = graph.base.trace
    written = {event.object_id for event in trace.events if event.in_place}
    owns = graph.step.owns
    named = {
        name
        for event in trace.events
        if event.location.kind is Kind.ASSIGN
        for name, location in event.names.items()
        if location.kind is Kind.ASSIGN and (not name.isidentifier() or owns(name, location.function))
    }
    changed, assigned = [], []
    for path, variable in trace.before.items():
        after = trace.after.get(path)
        if after is not None and after.value.shape == variable.value.shape and variable.value.size:
            if not np.array_equal(after.value, variable.value, equal_nan=True):
                changed.append(variable)
            elif id(variable.found) in written or variable.name in named or _is_another_number(variable, after):
                assigned.append(variable)
    found = []
    seen: set[int] = set()
    for variable in (*changed, *assigned):  # of several names of an array, one that has another value afterwards
        if variable.scalar or id(variable.found) not in seen:
            found.append(variable)
            seen.add(id(variable.found))
    return found


def _is_another_number(before: StateVariable, after: StateVariable) -> bool:
    """Whether a number was computed again, and is the same."""
    return before.scalar and isinstance(after.found, float) and after.found is not before.found


def find_updates(graph: DataflowGraph, variables: Sequence[StateVariable]) -> list[Update]:
    """The variables that the step changes by adding to them.

    Of a variable of which only one part is updated, that part. A variable whose change is itself added to another one
    is left out: it is a velocity.
    """
    found = []
    for variable in variables:
        nodes = _carriers(graph, variable)
        pieces = _pieces(graph, variable, nodes)
        if pieces:
            graph.find_successors()
            later = [node for node in pieces if node.container_id]
            added = any(graph.predecessors[node.index] for node in later)  # not only zeros, as for padding
            found.append(Update(variable, pieces, is_pieced=added))
            continue
        after = graph.base.trace.after[variable.path].value
        final = [n for n in nodes if _is_new_value(graph.base, n, variable, after)]
        final = [n for n in final if n.is_named] or final  # not the same sum elsewhere, as a line search tries it
        if final:
            ends = {n.index for n in final}
            kept = [n for n in nodes if n.index in ends or (ends & graph.descendants([n.index]) and _same(n, final))]
            found.append(Update(_only_part(graph, variable, kept), tuple(kept)))
    owners: dict[int, set[int]] = {}  # of each node, the updates that it belongs to
    for i, one in enumerate(found):
        for node in one.nodes:
            owners.setdefault(node.index, set()).add(i)
    return [
        one
        for i, one in enumerate(found)
        if not any(owners[index] - {i} for index in _added_to(graph, one) if index in owners)
    ]


def _pieces(graph: DataflowGraph, variable: StateVariable, carriers: Sequence[Node]) -> tuple[Node, ...]:
    """The new value of a variable as a whole and the later writes to parts of it, or several of these alone."""
    after = graph.base.trace.after[variable.path]
    for whole in carriers:
        value = graph.base.value(whole)
        held = {whole.object_id} & {id(after.found), id(variable.found)} - {0}
        if not held or value.shape != variable.value.shape or whole.is_increment or whole.container_id:
            continue
        writes = [n for n in graph.nodes if n.index > whole.index and n.container_id in held and not n.is_increment]
        if writes and not np.array_equal(value, variable.value, equal_nan=True):
            return (whole, *writes)
    return _parts(graph, variable)


def _parts(graph: DataflowGraph, variable: StateVariable) -> tuple[Node, ...]:
    """The writes to several parts of a variable, each of which adds something; empty if it is not updated like that."""
    own = id(variable.found)
    writes = [n for n in graph.nodes if n.container_id == own and not n.is_increment and not variable.scalar]
    if len(writes) < 2 or len({n.location.index for n in writes}) < len(writes):
        return ()
    if any(len(n.events) > 1 or graph.base.trace.events[n.last].key is None for n in writes):
        return ()
    graph.find_successors()
    added = ([i for i in graph.predecessors[n.index] if graph.nodes[i].is_increment] for n in writes)
    return tuple(writes) if all(len(each) == 1 for each in added) else ()


def _carriers(graph: DataflowGraph, variable: StateVariable) -> list[Node]:
    """Nodes that move as the variable does, nearest first."""
    shift, changes = graph.responses_to(variable)
    found: list[Node] = []
    queue = sorted(i for i, change in changes.items() if _carries(graph.nodes[i], variable, shift, change))
    while queue:
        index = queue.pop(0)
        node = graph.nodes[index]
        if node in found:
            continue
        found.append(node)
        shift, changes = graph.changes_by(node)
        for successor, change in changes.items():
            if _carries(graph.nodes[successor], variable, shift, change):
                queue.append(successor)
    return found


def _carries(node: Node, variable: StateVariable, shift: Array, change: Array) -> bool:
    """Whether a node moves as the variable does, entry by entry."""
    if node.is_increment:
        return False
    if node.container_id and node.container_id == id(variable.found):
        return True
    if change.shape != shift.shape:
        return False
    moved = shift != 0
    factor = change[moved] / shift[moved]
    low, high = _CARRIED_FACTORS
    return bool(((factor > low) & (factor < high)).mean() > _CARRIED_SHARE) if factor.size else False


def _is_new_value(base: BasePoint, node: Node, variable: StateVariable, after: Array) -> bool:
    """Whether a node is the value that the step leaves in the variable, or is written into it."""
    if node.is_increment:
        return False
    if node.container_id and node.container_id == id(variable.found):
        return True
    value = base.value(node)
    return value.shape == after.shape and np.array_equal(value, after, equal_nan=True)


def _same(node: Node, final: Sequence[Node]) -> bool:
    """Whether a node shares a name or an object with the final values."""
    names = {name for end in final for name in end.names}
    return bool(set(node.names) & names) or any(node.object_id == end.object_id for end in final)


def _only_part(graph: DataflowGraph, variable: StateVariable, updates: Sequence[Node]) -> StateVariable:
    """The row or entry of a variable that the step updates, if it is the only one; else the variable."""
    events = [graph.base.trace.events[e] for node in updates for e in node.events]
    parts = [(event.key, event.location.target) for event in events if event.container is variable.found]
    if len(parts) != len(events) or len({repr(key) for key, _ in parts}) != 1:
        return variable
    return variable.at(*parts[0]) or variable


def _added_to(graph: DataflowGraph, one: Update) -> Iterator[int]:
    """The nodes to which the new value of a variable is added, as a velocity is."""
    stack = list(one.nodes)
    while stack:
        node = stack.pop()
        shift, changes = graph.changes_by(node)
        for successor, change in changes.items():
            moved = shift != 0
            factor = change[moved] / shift[moved] if change.shape == shift.shape else np.zeros(0)
            if factor.size and np.ptp(factor) < _EXACTLY_ADDED and abs(abs(factor.mean()) - 1) < _EXACTLY_ADDED:
                yield successor
                stack += [graph.nodes[successor]] if graph.nodes[successor].is_increment else []


def suppress(base: BasePoint, updates: Sequence[Update]) -> dict[int, SuppressedUpdate]:
    """The updates by event, for a base point whose replays leave them out."""
    found: dict[int, SuppressedUpdate] = {}
    for update in updates:
        variable = update.variable
        for event in (e for node in update.nodes for e in node.events):
            part = base.trace.events[event]
            keyed = part.container is not None and part.key is not None and not variable.part
            keyed = keyed and part.value.shape != variable.value.shape
            found[event] = SuppressedUpdate(variable.path, part.key if keyed else None)
    return found
