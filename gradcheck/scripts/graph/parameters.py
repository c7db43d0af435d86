"""Which variables are parameters, and what claims to be their gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.dataflow import Base, Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import fitted, spreads
from gradcheck.scripts.replay.snapshot import Leaf
from gradcheck.scripts.text.identifiers import last, matches

Array = NDArray[Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter that the step updates.

    Attributes
    ----------
    leaf : Leaf
    updates : tuple of Node
        What it is made of by the step, one after the other.
    claim : Node
        What claims to be its gradient, but for the factor.
    factor : float
        Of an increment: what it has to be multiplied by to be a gradient.
    """

    leaf: Leaf
    updates: tuple[Node, ...]
    claim: Node
    factor: float

    @property
    def name(self) -> str:
        """As the program writes it."""
        return self.leaf.name

    def claimed(self, value: Array) -> Array:
        """The gradient from the value of the claim."""
        return np.array(self.factor * fitted(np.asarray(value), self.leaf.value.shape))


def changed_leaves(flow: Flow) -> list[Leaf]:
    """Floats and arrays that the step assigns, or leaves with other values than it found."""
    trace = flow.base.trace
    written = {event.object_id for event in trace.events if event.in_place}
    own = flow.step.own
    named = {
        name
        for event in trace.events
        if event.site.kind == "assign"
        for name, site in event.names.items()
        if not name.isidentifier() or own(name, site.function)
    }
    found = []
    seen: set[int] = set()
    for path, leaf in trace.before.items():
        after = trace.after.get(path)
        if not leaf.scalar and id(leaf.found) in seen:
            continue
        if after is not None and after.value.shape == leaf.value.shape and leaf.value.size:
            assigned = id(leaf.found) in written or leaf.name in named
            if assigned or not np.array_equal(after.value, leaf.value, equal_nan=True):
                found.append(leaf)
                seen.add(id(leaf.found))
    return found


def updated(flow: Flow, leaves: Sequence[Leaf]) -> list[tuple[Leaf, list[Node]]]:
    """Leaves that the step changes by adding to them, with the nodes that hold the new value."""
    after = flow.base.trace.after
    found = []
    for leaf in leaves:
        shift, moved = flow.from_leaf(leaf)
        chain: list[Node] = []
        carried = {i: change for i, change in moved.items() if _carries(flow.nodes[i], leaf, shift, change)}
        queue = sorted(carried)
        while queue:
            index = queue.pop(0)
            node = flow.nodes[index]
            if node in chain:
                continue
            chain.append(node)
            if index not in flow.children:
                flow.follow([node])
            for child, change in flow.children[index].items():
                if _carries(flow.nodes[child], leaf, flow.shifts[index], change):
                    queue.append(child)
        final = [n for n in chain if _ends(flow.base, n, leaf, after[leaf.path].value)]
        final = [n for n in final if n.plain] or final  # not the same sum elsewhere, as a search for a step tries it
        if final:
            ends = {n.index for n in final}
            kept = [
                n for n in chain if n.index in ends or (ends & flow.descendants([n.index]) and _same_thing(n, final))
            ]
            found.append((_only_part(flow, leaf, kept), kept))
    return [entry for entry in found if not any(_feeds(flow, entry, other) for other in found if other is not entry)]


def _feeds(flow: Flow, one: tuple[Leaf, list[Node]], other: tuple[Leaf, list[Node]]) -> bool:
    """Whether what becomes of one is what is added to the other: a velocity."""
    ends = {n.index for n in other[1]}
    stack = list(one[1])
    while stack:
        node = stack.pop()
        flow.follow([node])
        shift = flow.shifts[node.index]
        for child, change in flow.children[node.index].items():
            moved = shift != 0
            ratio = change[moved] / shift[moved] if change.shape == shift.shape else np.zeros(0)
            if ratio.size and np.ptp(ratio) < 1e-3 and abs(abs(ratio.mean()) - 1) < 1e-3:
                if child in ends:
                    return True
                stack += [flow.nodes[child]] if flow.nodes[child].increment else []
    return False


def _only_part(flow: Flow, leaf: Leaf, updates: Sequence[Node]) -> Leaf:
    """The row, or the entry, of a parameter that a step updates, if it is the only one."""
    events = [flow.base.trace.events[e] for node in updates for e in node.events]
    parts = [(event.key, event.site.target) for event in events if event.container is leaf.found]
    if len(parts) != len(events) or len({repr(key) for key, _ in parts}) != 1:
        return leaf
    part = leaf.at(*parts[0])
    if part is None:
        return leaf
    flow.step.before[part.path] = flow.base.trace.before[part.path] = part
    return part


def _same_thing(node: Node, final: Sequence[Node]) -> bool:
    names = {name for end in final for name in end.names}
    return bool(set(node.names) & names) or any(node.object_id == end.object_id for end in final)


def _carries(node: Node, leaf: Leaf, shift: Array, change: Array) -> bool:
    """Whether a leaf that moves takes a node with it, entry by entry."""
    if node.increment:
        return False
    if node.container_id and node.container_id == id(leaf.found):
        return True
    if change.shape != shift.shape:
        return False
    moved = shift != 0
    ratio = change[moved] / shift[moved]
    return bool(((ratio > 0.5) & (ratio < 1.5)).mean() > 0.99) if ratio.size else False


def _ends(base: Base, node: Node, leaf: Leaf, after: Array) -> bool:
    if node.increment:
        return False
    if node.container_id and node.container_id == id(leaf.found):
        return True
    value = base.value(node)
    return value.shape == after.shape and np.array_equal(value, after, equal_nan=True)


def neutralise(flow: Flow, found: Sequence[tuple[Leaf, list[Node]]]) -> None:
    """From now on updates do nothing: a loss after them is that of the parameters as they were."""
    for leaf, nodes in found:
        for node in nodes:
            for event in node.events:
                flow.base.neutral[event] = leaf.path
                part = flow.base.trace.events[event]
                keyed = part.container is not None and part.key is not None and not leaf.part
                if keyed and part.value.shape != leaf.value.shape:
                    flow.base.neutral_keys[event] = part.key


def named(flow: Flow, given: dict[str, str]) -> list[tuple[Leaf, list[Node]]]:
    """Of a function that updates nothing: leaves that some value is called the derivative by."""
    found: list[tuple[Leaf, list[Node]]] = []
    seen: set[int] = set()
    for leaf in flow.base.trace.before.values():
        if id(leaf.found) not in seen and _by_name(flow, leaf, given) is not None:
            seen.add(id(leaf.found))
            found.append((leaf, []))
    return found


def _by_name(flow: Flow, leaf: Leaf, given: dict[str, str]) -> Node | None:
    """The last value that is called the derivative by a leaf, or that the user says is it."""
    wanted = given.get(leaf.name, given.get(last(leaf.name)))
    for node in reversed(flow.nodes):
        if node.increment or node.size != leaf.value.size:
            continue
        if wanted is not None:
            if wanted in node.names or wanted in {last(name) for name in node.names}:
                return node
        elif node.shape == leaf.value.shape and matches([leaf.name], node.names):
            return node
    return None


def claims(
    flow: Flow, found: Sequence[tuple[Leaf, list[Node]]], forward: set[int], given: dict[str, str]
) -> list[Parameter]:
    """What claims to be the gradient of each parameter; what the user gave comes first."""
    states = {leaf.path: leaf for leaf in changed_leaves(flow)}
    for leaf, _ in found:
        states.pop(leaf.path[:-1] if leaf.part else leaf.path, None)
    fed: dict[int, list[Leaf]] = {}
    for leaf in states.values():
        for index in flow.from_leaf(leaf)[1]:
            fed.setdefault(index, []).append(leaf)
    influence = {leaf.path: flow.ancestors([n.index for n in nodes]) for leaf, nodes in found}
    result = []
    for leaf, nodes in found:
        own = _by_name(flow, leaf, given) if not nodes or {leaf.name, last(leaf.name)} & set(given) else None
        if own is not None:
            result.append(Parameter(leaf, tuple(nodes), own, 1.0))
            continue
        others = set().union(*(influence[other.path] for other, _ in found if other is not leaf))
        result.append(_claim(flow, leaf, nodes, forward, fed, others))
    return result


def _claim(
    flow: Flow, leaf: Leaf, nodes: Sequence[Node], forward: set[int], fed: dict[int, list[Leaf]], others: set[int]
) -> Parameter:
    own = {n.index for n in nodes}
    back = flow.ancestors(own)
    shape = leaf.value.shape

    def like(node: Node) -> bool:
        return (
            node.shape == shape or (node.size == leaf.value.size and node.size > 1) or node.size == leaf.value.size == 1
        )

    stateful = {
        i
        for i in back
        if i not in forward
        and i not in own
        and like(flow.nodes[i])
        and any(s.value.shape == shape and not _is_rate(s) for s in fed.get(i, []))
    }
    read = {i for i in stateful if not flow.parents[i]}  # what is remembered, before anything is made of it
    for i in read:
        stateful |= {c for c in flow.children.get(i, {}) if c in back - own - forward and like(flow.nodes[c])}
    direct = [flow.nodes[i] for n in nodes for i in flow.parents[n.index] if i not in own]
    increments = [n for n in direct if n.increment and like(n) and n.index not in forward]
    if not increments:  # of too few axes, which NumPy spreads without a word
        increments = [n for n in direct if n.increment and spreads(n.shape, shape) and n.index not in forward]
    if not stateful and len(increments) == 1:
        node = increments[0]
        return Parameter(leaf, tuple(nodes), node, -node.site.sign / node.rate)
    if stateful:
        roots = set()
        for i in stateful:
            roots |= flow.ancestors([i]) - {i}
    else:
        roots = back - own
    pool = [
        flow.nodes[i]
        for i in roots
        if i not in forward
        and i not in stateful
        and i not in others
        and like(flow.nodes[i])
        and not flow.nodes[i].increment
    ]
    named = [n for n in pool if matches([leaf.name], n.names)]
    if named:
        return Parameter(leaf, tuple(nodes), max(named, key=lambda n: n.last), 1.0)
    if pool:
        return Parameter(leaf, tuple(nodes), max(pool, key=lambda n: n.last), 1.0)
    if increments:
        node = increments[-1]
        return Parameter(leaf, tuple(nodes), node, -node.site.sign / node.rate)
    raise SubjectError(
        f"what the gradient of {leaf.name} is could not be found in its update, line {nodes[-1].site.line}: name it "
        f"with --pair {leaf.name}=NAME"
    )


def _is_rate(leaf: Leaf) -> bool:
    from gradcheck.scripts.text.syntax import RATE

    return bool(leaf.scalar and RATE.match(str(leaf.key)))
