"""Backward values with the variables whose adjoint they are, as they are found one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.scripts.chain_rule.vjp import Proportionality, Pullback, UpstreamAdjoint, Variable
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter


@dataclass(frozen=True)
class AdjointPair:
    """A value of the backward pass, and the variable whose adjoint it is.

    Attributes
    ----------
    variable : Variable
    node : Node
    upstream : tuple of UpstreamAdjoint
        The adjoints that it is made of.
    ratio : Proportionality
        How it compares with the chain rule, given these.
    factor : float
        Of an increment that is a gradient: what turns it into one.
    parameter : Parameter or None
        The parameter whose claimed gradient it is.
    unscaled : bool
        Whether it is what the chain rule gives if the constants that its upstream adjoints carry are left in.
    reassigned : bool
        Whether it is the adjoint of another variable, but is used as that of this one.
    """

    variable: Variable
    node: Node
    upstream: tuple[UpstreamAdjoint, ...]
    ratio: Proportionality
    factor: float = 1.0
    parameter: Parameter | None = None
    unscaled: bool = False
    reassigned: bool = False

    @property
    def proportional(self) -> bool:
        """Whether it is right up to a constant."""
        return self.ratio.proportional

    @property
    def scale(self) -> float:
        """The constant that it carries, as far as that is known."""
        return self.ratio.factor if self.ratio.nonzero and not self.unscaled else 1.0

    @property
    def pullback(self) -> Pullback:
        """What it should be the derivative of."""
        return Pullback(self.variable, self.upstream)


class PairTable:
    """The pairs that were found so far.

    Parameters
    ----------
    graph : DataflowGraph
    forward : set of int
        Nodes that the loss depends on.

    Attributes
    ----------
    pairs : dict of int to AdjointPair
        By the index of the node.
    """

    def __init__(self, graph: DataflowGraph, forward: set[int]) -> None:
        self._graph, self._forward = graph, forward
        self.pairs: dict[int, AdjointPair] = {}
        self._locations: dict[int, int] = {}
        self._nodes: dict[tuple[int, tuple[int, ...]], int] = {}

    def add(self, pair: AdjointPair) -> None:
        """Add a pair, or put it in place of another one of the same node."""
        self.pairs[pair.node.index] = pair

    def assign(self, pair: AdjointPair) -> None:
        """Add the pair of a node whose turn it is; further values of the same line are likely to go on from it."""
        self.add(pair)
        if pair.variable.node is not None:
            self._locations[pair.node.location.index] = pair.variable.node.location.index
            self._nodes[pair.node.location.index, pair.node.shape] = pair.variable.node.index

    def location_for(self, node: Node) -> int | None:
        """The location of the variable that was assigned to the value before, from the same line as a node."""
        return self._locations.get(node.location.index)

    def variable_before(self, node: Node) -> int | None:
        """The node of that variable, for values of the same shape."""
        return self._nodes.get((node.location.index, node.shape))

    def upstream(self, node: Node) -> tuple[UpstreamAdjoint, ...]:
        """The nearest values with a pair that a node is made of."""
        found: dict[int, UpstreamAdjoint] = {}
        predecessors = self._graph.predecessors
        stack, seen = list(predecessors[node.index]), {node.index}
        while stack:
            index = stack.pop()
            if index in seen or index in self._forward or index not in predecessors:
                continue
            seen.add(index)
            pair = self.pairs.get(index)
            if pair is not None:
                found[index] = UpstreamAdjoint(pair.variable, pair.node, pair.scale)
            else:
                stack += list(predecessors[index])
        return tuple(found[i] for i in sorted(found))
