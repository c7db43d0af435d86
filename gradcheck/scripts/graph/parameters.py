"""Finds the parameters of a step, and for each the value that is its claimed gradient."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.updates import Update, changed_variables
from gradcheck.scripts.instrument.values import Array, broadcasts_to, reshape_or_broadcast
from gradcheck.scripts.replay.state import Path, StateVariable
from gradcheck.scripts.text.identifiers import is_plain, last_word, named_as_derivative


@dataclass(frozen=True)
class Parameter:
    """A parameter of the step.

    Attributes
    ----------
    variable : StateVariable
    updates : tuple of Node
        The nodes that hold its new value, one after the other.
    claim : Node
        The claimed gradient, up to the factor.
    factor : float
        Of an increment: what turns it into a gradient.
    """

    variable: StateVariable
    updates: tuple[Node, ...]
    claim: Node
    factor: float

    @property
    def name(self) -> str:
        """As the program writes it."""
        return self.variable.name

    def gradient(self, value: Array) -> Array:
        """The claimed gradient, from the value of the claim."""
        return np.array(self.factor * reshape_or_broadcast(np.asarray(value), self.variable.value.shape))


def named_parameters(graph: DataflowGraph, given: Mapping[str, str]) -> list[Update]:
    """Of a function that updates nothing: variables for which some value has the name of their derivative."""
    found: list[Update] = []
    seen: set[int] = set()
    for variable in graph.base.trace.before.values():
        if id(variable.found) not in seen and _by_name(graph, variable, given) is not None:
            seen.add(id(variable.found))
            found.append(Update(variable))
    return found


def _by_name(graph: DataflowGraph, variable: StateVariable, given: Mapping[str, str]) -> Node | None:
    """The last value with the name of a variable's derivative, or with the name that the user gave."""
    wanted = given.get(variable.name, given.get(last_word(variable.name)))
    for node in reversed(graph.nodes):
        if node.is_increment or node.size != variable.value.size:
            continue
        if wanted is not None:
            if wanted in node.names or wanted in {last_word(name) for name in node.names if is_plain(name)}:
                return node
        elif node.shape == variable.value.shape and named_as_derivative([variable.name], node.names):
            return node
    return None


def _no_such_derivative(graph: DataflowGraph, variable: StateVariable, given: Mapping[str, str]) -> str:
    """The message if no value has the name that the user gave."""
    name = variable.name if variable.name in given else last_word(variable.name)
    same = [node for node in graph.nodes if node.size == variable.value.size]
    fitting = {last_word(name) for node in same for name in node.names if is_plain(name)}
    near = difflib.get_close_matches(given[name], sorted(fitting), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return (
        f"--pair {name}={given[name]}: no value of the training step has the name {given[name]} and as many entries as "
        f"{name} ({variable.value.size}){hint}"
    )


def find_parameters(
    graph: DataflowGraph, updates: Sequence[Update], forward: set[int], given: Mapping[str, str]
) -> list[Parameter]:
    """The parameters with their claimed gradients.

    Parameters
    ----------
    graph : DataflowGraph
    updates : sequence of Update
    forward : set of int
        Nodes that the loss depends on.
    given : dict of str to str
        Names of derivatives, by variable, as the user gave them.

    Raises
    ------
    SubjectError
        If an update contains no value that can be the gradient, or no value has the name that the user gave.
    """
    states = {variable.path: variable for variable in changed_variables(graph)}
    for update in updates:
        states.pop(update.variable.path[:-1] if update.variable.part else update.variable.path, None)
    readers: dict[int, list[StateVariable]] = {}  # the optimiser's state that each node reads
    moving = _follow_parameters(graph, [u.variable for u in updates], list(states.values()))
    for variable in moving:
        for index in graph.responses_to(variable)[1]:
            readers.setdefault(index, []).append(variable)
    influence = [graph.ancestors([n.index for n in update.nodes]) for update in updates]
    counts = Counter(itertools.chain.from_iterable(influence))
    found = []
    for i, update in enumerate(updates):
        names = {update.variable.name, last_word(update.variable.name)}
        own = _by_name(graph, update.variable, given) if not update.nodes or names & set(given) else None
        if own is not None:
            found.append(Parameter(update.variable, update.nodes, own, 1.0))
            continue
        if names & set(given):
            raise SubjectError(_no_such_derivative(graph, update.variable, given))
        if len(updates) > 1 and _is_assigned_to_itself(graph, update, influence[i]):
            continue
        if update.is_pieced:
            found.append(_pieced(graph, update))
            continue
        others = {index for index, count in counts.items() if count > (index in influence[i])}
        found.append(_parameter(graph, update, forward, readers, others))
    return found


def _is_assigned_to_itself(graph: DataflowGraph, update: Update, influence: set[int]) -> bool:
    """Whether a variable gets its own value again, as in ``x = np.asarray(x)``: nothing is added to it."""
    own = {node.index for node in update.nodes}
    after = graph.base.trace.after.get(update.variable.path)
    same = after is not None and np.array_equal(after.value, update.variable.value, equal_nan=True)
    return bool(own) and same and influence <= own


def _parameter(
    graph: DataflowGraph,
    update: Update,
    forward: set[int],
    readers: Mapping[int, Sequence[StateVariable]],
    others: set[int],
) -> Parameter:
    """The parameter of an update, with what the update adds, or the last value before the optimiser's state enters."""
    variable, nodes = update.variable, update.nodes
    own = {n.index for n in nodes}
    above = graph.ancestors(own)
    fits = _fits(variable)
    direct = [graph.nodes[i] for n in nodes for i in graph.predecessors[n.index] if i not in own]
    increments = [n for n in direct if n.is_increment and fits(n) and n.index not in forward]
    if not increments:  # an increment of a smaller shape, which NumPy broadcasts
        shape = variable.value.shape
        increments = [n for n in direct if n.is_increment and broadcasts_to(n.shape, shape) and n.index not in forward]
    stateful = _stateful(graph, variable, above - own - forward, readers)
    if not stateful and len(increments) == 1:
        return _from_increment(update, increments[0])
    roots = set().union(*(graph.ancestors([i]) - {i} for i in stateful)) if stateful else above - own
    pool = [
        graph.nodes[i]
        for i in roots
        if i not in forward
        and i not in stateful
        and i not in others
        and fits(graph.nodes[i])
        and not graph.nodes[i].is_increment
    ]
    if pool:
        claim = _gateway(graph, pool, stateful or own, forward) or max(pool, key=lambda n: n.last)
        return Parameter(variable, nodes, claim, _orientation(graph, update, claim))
    if increments:
        return _from_increment(update, increments[-1])
    raise SubjectError(
        f"cannot find the gradient of {variable.name} in its update on line {nodes[-1].location.line}: name it with "
        f"--pair {variable.name}=NAME"
    )


def _pieced(graph: DataflowGraph, update: Update) -> Parameter:
    """The parameter of an update that is done in pieces, with all that it adds together."""
    terms = []
    for node in update.nodes:
        added = [graph.nodes[i] for i in graph.predecessors[node.index] if graph.nodes[i].is_increment]
        key = graph.base.trace.events[node.last].key if node.container_id else ...
        if len(added) != 1 or len(node.events) > 1 or key is None or (key is ... and added[0].shape != node.shape):
            first, last = update.nodes[0].location.line, update.nodes[-1].location.line
            raise SubjectError(
                f"{update.variable.name} gets a new value on line {first}, of which line {last} changes a part: what "
                "is added to it altogether cannot be told. Compute the whole gradient first, and update with it once"
            )
        terms.append((added[0], key, float(added[0].location.sign)))
    return Parameter(update.variable, update.nodes, graph.joined(terms, update.variable.value.shape), -1.0)


def _follow_parameters(
    graph: DataflowGraph, parameters: Sequence[StateVariable], states: Sequence[StateVariable]
) -> list[StateVariable]:
    """State variables whose new values depend on the parameters, as velocities do and decaying rates do not."""
    step = graph.step
    values = {v.path: v.value + graph.perturbation(v.value) for v in parameters}
    if not states:
        return []
    with step.tracer.preserved():
        try:
            after: Mapping[Path, StateVariable] = step.record(values).after
        except Exception:  # the step fails there, so nothing is known
            return list(states)
    old = graph.base.trace.after
    return [s for s in states if s.path not in after or not np.array_equal(after[s.path].value, old[s.path].value)]


def _gateway(graph: DataflowGraph, pool: Sequence[Node], ends: set[int], forward: set[int]) -> Node | None:
    """The last value through which all that depends on the parameters reaches the update, as a gradient does.

    Its square, which an optimiser averages, is not one: the gradient itself takes another way.
    """
    below = graph.descendants(forward)
    for node in sorted(pool, key=lambda n: -n.last):
        beside = graph.ancestors(ends, stop=[node.index]) & below - forward
        if beside <= graph.descendants([node.index]):
            return node
    return None


def _orientation(graph: DataflowGraph, update: Update, claim: Node) -> float:
    """1 if the update subtracts a value, by whatever formula, and -1 if it adds it."""
    base = graph.base
    value = base.value(claim)
    seen = [base.run(update.nodes, claim.set_to(sign * value)) for sign in (1.0, -1.0)]
    if seen[0] is None or seen[1] is None or value.size != update.variable.value.size:
        return 1.0
    change = sum(
        float(((one - two).reshape(value.shape) * value).sum())
        for one, two in zip(seen[0], seen[1], strict=True)
        if one.size == value.size
    )
    return -1.0 if change > 0 else 1.0


def _from_increment(update: Update, node: Node) -> Parameter:
    return Parameter(update.variable, update.nodes, node, -float(node.location.sign))


def _fits(variable: StateVariable) -> Callable[[Node], bool]:
    """Whether a node has as many entries as a variable; of scalars, in whatever shape."""
    shape, size = variable.value.shape, variable.value.size
    return lambda node: node.shape == shape or node.size == size


def _stateful(
    graph: DataflowGraph, variable: StateVariable, above: set[int], readers: Mapping[int, Sequence[StateVariable]]
) -> set[int]:
    """Nodes of an update that depend directly on the optimiser's state for the variable."""
    fits, shape, size = _fits(variable), variable.value.shape, variable.value.size

    def belongs(state: StateVariable) -> bool:
        """Whether a state has an entry for each of the variable, as a mean of (4,) has for a bias of (1, 4)."""
        return state.value.shape == shape or state.value.size == size > 1

    found = {i for i in above if fits(graph.nodes[i]) and any(map(belongs, readers.get(i, [])))}
    unchanged = {i for i in found if not graph.predecessors[i]}  # the state itself, before anything is made of it
    for i in unchanged:
        found |= {c for c in graph.successors.get(i, set()) if c in above and fits(graph.nodes[c])}
    return found
