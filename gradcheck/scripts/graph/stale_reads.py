"""Finds lines of the backward pass that read parameters which the same step has updated already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.reports.data import LineReport
from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.replay.step import Trace
from gradcheck.verdicts.verdict import Verdict

#: A value that changes by more than this, relatively, when updates are left out has read an updated parameter.
_READ_UPDATE = 1e-9


@dataclass(frozen=True)
class StaleRead:
    """A line that reads updated parameters.

    Attributes
    ----------
    node : Node
        The first value that changes if updates are left out.
    names : tuple of str
        The parameters whose gradients are made of it.
    """

    node: Node
    names: tuple[str, ...]

    def finding(self) -> Finding:
        """The finding for the report."""
        mistake, location = BY_SLUG["stale-weights"], self.node.location
        return Finding(
            mistake.code,
            mistake.slug,
            self.node.label,
            f"line {location.line}: {location.text} reads parameters that the same step has updated already",
            "without the updates the line computes another value; gradients that are wrong because of it: "
            + ", ".join(self.names),
            "Compute all gradients first, and update the parameters after that.",
            location.file,
            location.line,
            blocks=self.names,
        )

    def report(self) -> LineReport:
        """The line for the report."""
        location = self.node.location
        names = ", ".join(self.names)
        return LineReport(location.file, location.line, self.node.label, names, Verdict.FAIL, None, location.text)


def stale_reads(
    graph: DataflowGraph, real: Trace, base: BasePoint, parameters: Sequence[Parameter], forward: set[int]
) -> list[StaleRead]:
    """Lines of the backward pass that read updated parameters.

    Parameters
    ----------
    graph : DataflowGraph
    real : Trace
        Of the step with its updates.
    base : BasePoint
        The same point, recorded without updates.
    parameters : sequence of Parameter
    forward : set of int
        Nodes that the loss depends on.

    Returns
    -------
    list of StaleRead
        Empty as well if the step computes its forward pass again after an update: then it is several steps in a row.
    """
    updates = {n.index for p in parameters for n in p.updates}
    backward = sorted(graph.ancestors([p.claim.index for p in parameters], stop=updates) - updates)

    def changes(node: Node) -> bool:
        old, new = base.value(node), node.read(lambda event: real.events[event].value)
        return bool(np.abs(new - old).max(initial=0.0) > _READ_UPDATE * np.abs(old).max(initial=0.0))

    changed = {i for i in backward if changes(graph.nodes[i])}
    first = [i for i in changed if not (graph.ancestors([i], stop=updates) - {i}) & changed]
    if any(i in forward or _is_computed_again(graph, base, i) for i in first):
        return []
    shared = {graph.nodes[i].location.index for i in forward}
    found: dict[int, StaleRead] = {}
    for i in sorted(first):
        below = graph.descendants([i])
        names = [p.name for p in parameters if p.claim.index in below and p.claim.index in changed]
        if names:
            node = graph.nodes[_of_backward_pass(graph, i, changed, shared)]
            known = found.get(node.location.index)
            together = dict.fromkeys([*(known.names if known else ()), *names])
            found[node.location.index] = StaleRead(known.node if known else node, tuple(together))
    return list(found.values())


def _of_backward_pass(graph: DataflowGraph, index: int, changed: set[int], shared: set[int]) -> int:
    """A value, or what is first made of it outside of functions that the forward pass calls as well."""
    while graph.nodes[index].location.index in shared:
        following = graph.successors.get(index, set()) & changed - {index}
        if not following:
            break
        index = min(following)
    return index


def _is_computed_again(graph: DataflowGraph, base: BasePoint, index: int) -> bool:
    """Whether an earlier array has the same value."""
    node = graph.nodes[index]
    value = base.value(node)
    same = (other for other in graph.nodes[:index] if other.shape == node.shape and node.size > 1)
    return any(np.array_equal(base.value(other), value) for other in same)
