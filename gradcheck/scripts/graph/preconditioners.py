"""Finds the gradient behind an update that clips, rescales or preconditions it."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.graph.slopes import RandomLine, equal_slopes
from gradcheck.scripts.instrument.values import Array

#: Functions of NumPy and SciPy that solve with a matrix: Newton's method and its kin.
_SOLVES = re.compile(r"\b(solve|inv|pinv|lstsq|cho_solve|lu_solve|solve_triangular|cg)\(")


@dataclass(frozen=True)
class PreconditionerSettings:
    """When an update counts as a multiple of a value.

    Attributes
    ----------
    parallel : float
        The relative norm of what is left of an update without its component along the value.
    constant : float
        Relative difference of the multiples at two base points up to which they are one constant.
    length : float
        The same between a multiple and a number in the step that may be its length.
    cosine : float
        Values whose cosines with a direction differ by more than this are no multiples of each other.
    nearest : int
        So many values before an update are compared with it, to see whether it is one of them with bounds.
    within : int
        The fewest entries between the bounds, at both base points, that show it.
    """

    parallel: float = 1e-7
    constant: float = 1e-6
    length: float = 1e-9
    cosine: float = 1e-6
    nearest: int = 40
    within: int = 2


PRECONDITIONERS = PreconditionerSettings()


class Treatment(Enum):
    """What an update does to a gradient; the value is the word for reports."""

    SCALED = "scaled"
    CLIPPED = "clipped"
    PRECONDITIONED = "preconditioned"


class Directions:
    """Finds the nodes whose values may be multiples of one, without a look at all of them.

    Two values that are multiples of each other have the same cosine with any other direction, up to the sign.
    """

    def __init__(self, graph: DataflowGraph, bases: Sequence[BasePoint]) -> None:
        self._bases, self._rng = bases, graph.rng
        self.solving = {n.index for n in graph.nodes if _SOLVES.search(n.location.text)}
        self._probes: dict[int, Array] = {}
        self._sorted: dict[tuple[int, int], tuple[list[float], list[int]]] = {}
        by_size: dict[int, list[Node]] = {}
        for node in graph.nodes:
            by_size.setdefault(node.size, []).append(node)
        for size, nodes in by_size.items():
            if size > 1:
                self._sort(size, nodes)

    def _sort(self, size: int, nodes: Sequence[Node]) -> None:
        probe = self._rng.standard_normal(size)
        self._probes[size] = probe / np.linalg.norm(probe)
        for k, base in enumerate(self._bases):
            pairs = sorted((self._cosine(base.value(node)), node.index) for node in nodes)
            self._sorted[size, k] = [cosine for cosine, _ in pairs], [index for _, index in pairs]

    def _cosine(self, value: Array) -> float:
        """The cosine with the probe, without its sign; 2 for a value without a direction."""
        length = float(np.linalg.norm(value))
        return abs(float(value.ravel() @ self._probes[value.size])) / length if 0 < length < math.inf else 2.0

    def near(self, node: Node) -> set[int]:
        """Nodes whose values may be multiples of a node's at one base point."""
        found: set[int] = set()
        for k, base in enumerate(self._bases):
            cosines, indices = self._sorted[node.size, k]
            own = self._cosine(base.value(node))
            low = bisect.bisect_left(cosines, own - PRECONDITIONERS.cosine)
            high = bisect.bisect_right(cosines, own + PRECONDITIONERS.cosine)
            found.update(indices[low:high])
        return found


@dataclass(frozen=True)
class Bounds:
    """Between which an update keeps the entries of a multiple of a value."""

    low: float
    high: float
    multiple: float

    def fit(self, update: Array, value: Array) -> bool:
        """Whether an update has the entries of the multiple, and a bound in place of those beyond it."""
        wanted = np.clip(self.multiple * value, self.low, self.high)
        return bool(np.all(np.abs(update - wanted) <= PRECONDITIONERS.parallel * np.abs(wanted)))

    def cut(self, value: Array) -> bool:
        """Whether entries of the multiple are beyond a bound."""
        excess = np.maximum(self.multiple * value - self.high, self.low - self.multiple * value)
        return bool(np.any(excess > PRECONDITIONERS.parallel * max(abs(self.low), abs(self.high))))


@dataclass(frozen=True)
class Underlying:
    """A parameter with the gradient that its update is made of.

    Attributes
    ----------
    parameter : Parameter
    treatment : Treatment or None
        What the update does to the gradient.
    bounds : Bounds or None
        Where it clips.
    """

    parameter: Parameter
    treatment: Treatment | None = None
    bounds: Bounds | None = None


def underlying_gradient(
    graph: DataflowGraph,
    bases: Sequence[BasePoint],
    loss: Node,
    parameter: Parameter,
    forward: set[int],
    directions: Directions,
    known: Sequence[Bounds] = (),
) -> Underlying:
    """The parameter with the gradient that its update is made of, and what the update does to that.

    The gradient is a value that the update is a multiple of, by a number that differs between base points, as with
    clipping by the norm and line searches; one that the update has the entries of, but for those beyond bounds; or one
    that a line solves with. A constant multiple, and anything that is added, is an error of the gradient itself. A
    claim that is right already stays. If no such value is right, it is the last one before the update.

    Parameters
    ----------
    graph : DataflowGraph
    bases : sequence of BasePoint
    loss : Node
    parameter : Parameter
    forward : set of int
        The nodes of the forward pass.
    directions : Directions
    known : sequence of Bounds
        Of other parameters.
    """
    updates = {n.index for n in parameter.updates}
    own = parameter.claim
    others = [n for n in reversed(graph.nodes[: own.index]) if n.size == own.size and n.index not in forward | updates]
    above = graph.ancestors([own.index])
    nodes = [n for n in others if n.index in above]
    found = list(_clipped(bases, parameter, others if known else nodes, known))  # nothing depends on what is all cut
    if own.size > 1 and nodes:
        found = [*_changed(graph, bases, parameter, nodes, directions), *found]
    if not found or _is_right(graph, bases, loss, parameter):
        return Underlying(parameter)
    return next((each for each in found if _is_right(graph, bases, loss, each.parameter)), found[0])


def _is_right(graph: DataflowGraph, bases: Sequence[BasePoint], loss: Node, parameter: Parameter) -> bool:
    """Whether a claim has the slopes of the loss, along one of two lines through each base point."""
    return all(any(_is_right_along(graph, base, loss, parameter) for _ in range(2)) for base in bases)


def _is_right_along(graph: DataflowGraph, base: BasePoint, loss: Node, parameter: Parameter) -> bool:
    line = RandomLine(graph, base, loss, [parameter])
    return equal_slopes(line.claimed(0, parameter.claim, parameter.factor), line.slope([0]))


def common_bounds(found: Sequence[Bounds]) -> list[Bounds]:
    """What the bounds of some parameters may be for others: those that were seen, or the same on both sides."""
    if not found:
        return []
    low, high = min(each.low for each in found), max(each.high for each in found)
    farther = max(abs(low), abs(high))
    multiples = dict.fromkeys(each.multiple for each in found)
    return [Bounds(*ends, each) for each in multiples for ends in dict.fromkeys([(low, high), (-farther, farther)])]


def _changed(
    graph: DataflowGraph,
    bases: Sequence[BasePoint],
    parameter: Parameter,
    nodes: Sequence[Node],
    directions: Directions,
) -> Iterator[Underlying]:
    """The parameter with values that may be the gradient, of which the update is a multiple, or that it solves with."""
    near = directions.near(parameter.claim)
    for node in (n for n in nodes if n.index in near):
        multiples = _multiples(bases, parameter, node)
        same_sign = len(multiples) == len(bases) > 1 and multiples[0] * multiples[1] > 0
        differ = same_sign and not math.isclose(multiples[0], multiples[1], rel_tol=PRECONDITIONERS.constant)
        if differ or (multiples and _by_step_length(graph, bases, parameter, node, multiples)):
            yield Underlying(_with(parameter, node, multiples[0]), Treatment.SCALED)
    direct = graph.predecessors[parameter.claim.index]
    if directions.solving & {parameter.claim.index, *direct, *(n.index for n in nodes)}:
        for node in nodes:
            if node.index not in directions.solving:
                yield Underlying(_with(parameter, node, parameter.factor), Treatment.PRECONDITIONED)


def _with(parameter: Parameter, node: Node, multiple: float) -> Parameter:
    """A parameter with another claim, of which its own is a multiple."""
    return replace(parameter, claim=node, factor=math.copysign(1.0, multiple))


def _clipped(
    bases: Sequence[BasePoint], parameter: Parameter, nodes: Sequence[Node], known: Sequence[Bounds]
) -> Iterator[Underlying]:
    """The parameter with values that may be the gradient, of which the update keeps the entries between bounds.

    These are its largest and its smallest entry at some base point if the entries between them show the multiple, the
    same at all of them; else those that are known from other parameters.
    """
    updates = [parameter.factor * base.value(parameter.claim).ravel() for base in bases]
    low, high = min(float(each.min()) for each in updates), max(float(each.max()) for each in updates)
    if not low < 0.0 < high < math.inf > -low:
        return  # where all of one sign are left out, the gradient is not clipped
    update = np.concatenate(updates)
    found: list[Underlying] = []
    for node in nodes[: PRECONDITIONERS.nearest]:
        value = np.concatenate([base.value(node).ravel() for base in bases])
        between = (update > low) & (update < high) & (value != 0)
        shown = np.count_nonzero(between) >= PRECONDITIONERS.within
        own = [Bounds(low, high, float(update[between][0] / value[between][0]))] if shown else []
        for bounds in (*own, *known):
            if np.isfinite(value).all() and bounds.fit(update, value) and bounds.cut(value):
                found.append(Underlying(_with(parameter, node, bounds.multiple), Treatment.CLIPPED, bounds))
                break
    yield from reversed(found)  # the first that was made is not bounded on one side yet


def _by_step_length(
    graph: DataflowGraph, bases: Sequence[BasePoint], parameter: Parameter, node: Node, multiples: Sequence[float]
) -> bool:
    """Whether the update itself multiplies a value by a number that the step computed."""
    claim = parameter.claim
    if not claim.is_increment or node.index not in graph.predecessors[claim.index]:
        return False
    read = set(re.findall(r"[A-Za-z_]\w*", claim.location.text))
    numbers = [graph.nodes[i] for i in graph.predecessors[claim.index] if graph.nodes[i].size == 1]
    numbers += [n for n in graph.nodes if n.size == 1 and set(n.names) & read]
    rate, pairs = abs(parameter.factor), list(zip(multiples, bases, strict=False))

    def is_length(number: Node) -> bool:
        return all(
            math.isclose(abs(m), rate * abs(float(base.value(number).sum())), rel_tol=PRECONDITIONERS.length)
            for m, base in pairs
        )

    return any(map(is_length, numbers))


def _multiples(bases: Sequence[BasePoint], parameter: Parameter, node: Node) -> list[float]:
    """The update divided by a value, at each base point where it is a multiple of the value."""
    found = [_multiple(base, parameter, node) for base in bases]
    return [multiple for multiple in found if multiple is not None]


def _multiple(base: BasePoint, parameter: Parameter, node: Node) -> float | None:
    update = parameter.factor * base.value(parameter.claim).ravel()
    value = base.value(node).ravel()
    length = float(value @ value)
    if not length > 0 or not np.isfinite(update).all():
        return None
    multiple = float(update @ value) / length
    rest = np.linalg.norm(update - multiple * value)
    return multiple if multiple and rest <= PRECONDITIONERS.parallel * np.linalg.norm(update) else None
