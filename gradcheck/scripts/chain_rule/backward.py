"""The backward pass of a step: its values, which gradients they are part of, and which of them are terms of a sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.scripts.chain_rule.vjp import ChainRule, Variable
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.text.identifiers import looks_like_derivative

#: The relative size of the perturbation that shows whether a value is a term of a sum, and how well the entries of
#: the change must then agree.
_SUM_PERTURBATION, _SUM_TOLERANCE = 1e-3, 1e-5


class BackwardPass:
    """The values between the forward pass and the updates.

    Parameters
    ----------
    graph : DataflowGraph
    chain : ChainRule
    forward : set of int
        Nodes that the loss depends on.
    parameters : sequence of Parameter

    Attributes
    ----------
    claims : dict of int to Parameter
        The claimed gradients, by node.
    nodes : list of int
        What they are made of, themselves included, without forward pass and updates.
    above_claims : dict of int to set of int
        What each claim is made of.
    recomputed : set of int
        Values that the backward pass computes once more, as the forward pass did.
    terms : dict of int to Parameter
        Values that are terms of the gradient of one parameter.
    """

    def __init__(
        self, graph: DataflowGraph, chain: ChainRule, forward: set[int], parameters: Sequence[Parameter]
    ) -> None:
        self.graph, self.chain, self.forward, self.parameters = graph, chain, forward, tuple(parameters)
        self.claims = {p.claim.index: p for p in parameters}
        updates = {n.index for p in parameters for n in p.updates}
        self.nodes = sorted(graph.ancestors(self.claims, stop=updates) - forward - updates)
        self.above_claims = {i: graph.ancestors([i]) for i in self.claims}
        self.recomputed = {i for i in self.nodes if self._has_twin(graph.nodes[i])}
        self.terms = self._terms()

    def _has_twin(self, node: Node) -> bool:
        """Whether a value of the forward pass is equal at all base points."""
        twins = (self.graph.nodes[i] for i in self.forward if self.graph.nodes[i].shape == node.shape)
        return any(all(np.array_equal(b.value(twin), b.value(node)) for b in self.chain.bases) for twin in twins)

    def _terms(self) -> dict[int, Parameter]:
        found: dict[int, Parameter] = {}
        for index in self.nodes:
            node = self.graph.nodes[index]
            reached = [i for i in self.claims if index in self.above_claims[i]]
            if len(reached) != 1 or reached[0] == index:
                continue
            parameter = self.claims[reached[0]]
            fits = node.shape == parameter.variable.value.shape and node.size > 1
            if fits and self.is_term(node, parameter.claim):
                found[index] = parameter
        return found

    def is_term(self, node: Node, whole: Node) -> bool:
        """Whether a value is a term of another, perhaps times a constant."""
        base = self.chain.bases[-1]
        value = base.value(node)
        if node.size != whole.size:
            return False
        shift = self.chain.direction(value) * _SUM_PERTURBATION
        seen = base.run([whole], node.shifted_by(shift))
        if seen is None:
            return False
        factor = (seen[0] - base.value(whole)).ravel() / shift.ravel()
        return bool(np.ptp(factor) <= _SUM_TOLERANCE * np.abs(factor).max()) and bool(factor.any())

    def is_partial_sum(self, node: Node) -> bool:
        """Whether a value is part of a sum that is accumulated into a derivative."""
        graph = self.graph
        if self.is_unfinished(node) and any(
            graph.nodes[i].is_increment and graph.nodes[i].location.line == node.location.line
            for i in graph.predecessors[node.index]
        ):
            return True
        for index in graph.successors.get(node.index, {}):
            total = graph.nodes[index]
            if index not in self.nodes or index in self.terms or total.is_increment:
                continue
            summed = total.size == node.size > 1 and looks_like_derivative(total.names)
            if summed and len(self._inputs(total)) > 1 and self.is_term(node, total):
                return True
        return False

    def _inputs(self, node: Node) -> list[int]:
        return [i for i in self.graph.predecessors[node.index] if i in self.nodes]

    def is_unfinished(self, node: Node) -> bool:
        """Whether a value is only used to become another value of the same name or array."""
        later = [self.graph.nodes[i] for i in self.graph.successors.get(node.index, {}) if i not in self.forward]
        return bool(later) and all(
            (n.object_id == node.object_id and n.object_id != 0)
            or (n.container_id and n.container_id == node.object_id)
            or (node.container_id and node.container_id in (n.object_id, n.container_id))
            or (bool(set(n.names) & set(node.names)) and not n.is_increment)
            for n in later
        )

    def is_part_of_gradient(self, node: Node) -> bool:
        """Whether a value is written into a part of the gradient of one parameter."""
        reached = [p for i, p in self.claims.items() if node.index in self.above_claims[i]]
        return bool(node.container_id) and len(reached) == 1 and node.container_shape == reached[0].variable.value.shape

    def feeds(self, node: Node, variable: Variable) -> bool:
        """Whether a value is part of the gradient of a parameter."""
        return any(
            p.variable is variable.parameter and node.index in self.above_claims[i] for i, p in self.claims.items()
        )

    def only_parameter(self, node: Node) -> Variable | None:
        """The parameter of a value's shape whose gradient is made directly of the value, and no other gradient is."""
        reached = [p for i, p in self.claims.items() if node.index in self.above_claims[i]]
        if len(reached) != 1 or reached[0].variable.value.shape != node.shape:
            return None
        direct = reached[0].claim.index in self.graph.successors.get(node.index, {})
        return Variable(parameter=reached[0].variable) if direct else None

    def at_same_location(self, node: Node) -> list[int]:
        """All values from the same location as a node, itself included, in order."""
        return [i for i in self.nodes if self.graph.nodes[i].location is node.location]
