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
    """

    parallel: float = 1e-7
    constant: float = 1e-6
    length: float = 1e-9
    cosine: float = 1e-6


PRECONDITIONERS = PreconditionerSettings()


class Treatment(Enum):
    """What an update does to a gradient; the value is the word for reports."""

    SCALED = "scaled"
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


def underlying_gradient(
    graph: DataflowGraph,
    bases: Sequence[BasePoint],
    loss: Node,
    parameter: Parameter,
    forward: set[int],
    directions: Directions,
) -> tuple[Parameter, Treatment | None]:
    """The parameter with the gradient that its update is made of, and what the update does to that.

    The gradient is a value that the update is a multiple of, by a number that differs between base points, as with
    clipping and line searches; or a value that a line solves with. A constant multiple, and anything that is added,
    is an error of the gradient itself. A claim that is right already stays. If no such value is right, it is the last
    one before the update.
    """
    updates = {n.index for n in parameter.updates}
    above = graph.ancestors([parameter.claim.index]) - forward - updates - {parameter.claim.index}
    nodes = [graph.nodes[i] for i in sorted(above, reverse=True) if graph.nodes[i].size == parameter.claim.size > 1]
    candidates = list(_candidates(graph, bases, parameter, nodes, directions)) if nodes else []
    if not candidates or _is_right(graph, bases, loss, parameter):
        return parameter, None
    found = []
    for node, treatment in candidates:
        scales = _multiples(bases, parameter, node) if treatment is Treatment.SCALED else []
        sign = math.copysign(1.0, scales[0] if scales else parameter.factor)
        found.append((replace(parameter, claim=node, factor=sign), treatment))
    return next((one for one in found if _is_right(graph, bases, loss, one[0])), found[0])


def _is_right(graph: DataflowGraph, bases: Sequence[BasePoint], loss: Node, parameter: Parameter) -> bool:
    """Whether a claim has the slopes of the loss, along one of two lines through each base point."""
    return all(any(_is_right_along(graph, base, loss, parameter) for _ in range(2)) for base in bases)


def _is_right_along(graph: DataflowGraph, base: BasePoint, loss: Node, parameter: Parameter) -> bool:
    line = RandomLine(graph, base, loss, [parameter])
    return equal_slopes(line.claimed(0, parameter.claim, parameter.factor), line.slope([0]))


def _candidates(
    graph: DataflowGraph,
    bases: Sequence[BasePoint],
    parameter: Parameter,
    nodes: Sequence[Node],
    directions: Directions,
) -> Iterator[tuple[Node, Treatment]]:
    """Values that may be the gradient."""
    near = directions.near(parameter.claim)
    for node in (n for n in nodes if n.index in near):
        multiples = _multiples(bases, parameter, node)
        same_sign = len(multiples) == len(bases) > 1 and multiples[0] * multiples[1] > 0
        differ = same_sign and not math.isclose(multiples[0], multiples[1], rel_tol=PRECONDITIONERS.constant)
        if differ or (multiples and _by_step_length(graph, bases, parameter, node, multiples)):
            yield node, Treatment.SCALED
    direct = graph.predecessors[parameter.claim.index]
    if directions.solving & {parameter.claim.index, *direct, *(n.index for n in nodes)}:
        for node in nodes:
            if node.index not in directions.solving:
                yield node, Treatment.PRECONDITIONED


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
