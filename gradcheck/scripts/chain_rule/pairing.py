"""Decides which value of the backward pass is the adjoint of which variable, and whether the chain rule gives it.

The values are taken from the loss towards the parameters. A value is the adjoint of a variable if the chain rule,
applied to the adjoints found before it, gives the value up to a constant. Names say which variable to try first, and
decide where the chain rule gives no variable. Values that are not the adjoint of anything are looked through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gradcheck.scripts.chain_rule.backward import BackwardPass
from gradcheck.scripts.chain_rule.candidates import Candidates, refers_to
from gradcheck.scripts.chain_rule.constants import local_factor
from gradcheck.scripts.chain_rule.consumers import Consumers
from gradcheck.scripts.chain_rule.pairs import AdjointPair, PairTable
from gradcheck.scripts.chain_rule.vjp import (
    CHAIN_RULE,
    ChainRule,
    Proportionality,
    Pullback,
    UpstreamAdjoint,
    Variable,
)
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter

#: Variables with the right name that are tried for one value.
_MOST_NAMED = 4

#: Constants that differ from 1 by more than this are not rounding.
_NOT_ONE = 1e-6


@dataclass(frozen=True)
class Pairing:
    """The values of a backward pass and the variables whose adjoints they are.

    Attributes
    ----------
    backward : BackwardPass
    table : PairTable
    candidates : Candidates
    """

    backward: BackwardPass
    table: PairTable
    candidates: Candidates

    @property
    def pairs(self) -> Mapping[int, AdjointPair]:
        """The pairs by node."""
        return self.table.pairs

    def upstream(self, node: Node) -> tuple[UpstreamAdjoint, ...]:
        """The nearest values with a pair that a node is made of."""
        return self.table.upstream(node)


def pair(
    graph: DataflowGraph,
    chain: ChainRule,
    forward: set[int],
    parameters: Sequence[Parameter],
    given: Mapping[str, str],
) -> Pairing:
    """Pair the values of a backward pass with variables.

    Parameters
    ----------
    graph : DataflowGraph
    chain : ChainRule
    forward : set of int
        Nodes that the loss depends on.
    parameters : sequence of Parameter
    given : dict of str to str
        Names of variables, by derivative, as the user gave them.
    """
    backward = BackwardPass(graph, chain, forward, parameters)
    table = PairTable(graph, forward)
    candidates = Candidates(backward, table, given)
    search = _Search(backward, table, candidates)
    for index in backward.nodes:
        found = search.pair_for(graph.nodes[index])
        if found is not None:
            table.assign(found)
    for index in backward.nodes:
        found = table.pairs.get(index)
        if found is not None:
            search.measure_again(found)
    return Pairing(backward, table, candidates)


class _Search:
    """Finds the pair of one value after the other; it adds to the table what it learns about values before."""

    def __init__(self, backward: BackwardPass, table: PairTable, candidates: Candidates) -> None:
        self._backward, self._table, self._candidates = backward, table, candidates
        self._graph, self._chain = backward.graph, backward.chain
        self._consumers = Consumers(backward, candidates, table)

    def pair_for(self, node: Node) -> AdjointPair | None:
        """The pair of a value; None if it is not the adjoint of a variable."""
        backward = self._backward
        parameter = backward.claims.get(node.index)
        upstream = self._table.upstream(node)
        if parameter is not None:
            return self._claimed_gradient(node, parameter, upstream)
        if node.is_increment or not node.is_named:
            return None
        if node.index in backward.recomputed:
            return self._recomputed(node, upstream)
        partial = backward.is_partial_sum(node) or backward.is_part_of_gradient(node)
        if partial or not self._graph.predecessors[node.index]:
            return None
        options = self._candidates.options(node)
        named = [variable for variable in options if refers_to(node, variable)]
        for variable in options:
            found = self._by_chain_rule(variable, node, upstream)
            if found is not None:
                if variable in named or not named or backward.is_unfinished(node):
                    return found
                wanted = [v for v in named if self._consumers.confirms(node, v)]
                if not wanted and self._consumers.confirms(node, variable):
                    return found
                return self._compared((wanted or named)[0], node, upstream)
        if backward.is_unfinished(node):
            return None
        for variable in named[:_MOST_NAMED]:
            failing = AdjointPair(variable, node, upstream, Proportionality(0.0, proportional=False))
            repaired = self._with_other_upstream(failing)
            if repaired is not failing:
                return repaired
        used = self._consumers.variable_for(node) if node.size > 1 else None
        chosen = used or self._candidates.by_name(node, options) or backward.only_parameter(node)
        if chosen is None:
            return None
        found = self._compared(chosen, node, upstream)
        return found if found.proportional or chosen.parameter is None else self._with_other_upstream(found)

    def _compared(self, variable: Variable, node: Node, upstream: tuple[UpstreamAdjoint, ...]) -> AdjointPair:
        return AdjointPair(variable, node, upstream, self._chain.compare(Pullback(variable, upstream), node))

    def _recomputed(self, node: Node, upstream: tuple[UpstreamAdjoint, ...]) -> AdjointPair | None:
        """A value that the forward pass has as well is an adjoint only if its name says so and it is nearly right."""
        variables = self._candidates.variables
        named = [v for v in variables if v.node is not None and v.shape == node.shape and refers_to(node, v)]
        found = (self._by_chain_rule(variable, node, upstream) for variable in named[:_MOST_NAMED])
        return next((one for one in found if one is not None), None)

    def _claimed_gradient(self, node: Node, parameter: Parameter, upstream: tuple[UpstreamAdjoint, ...]) -> AdjointPair:
        variable = Variable(parameter=parameter.variable)
        found = replace(self._measured(variable, node, upstream, parameter.factor), parameter=parameter)
        return found if found.proportional else self._with_other_upstream(found)

    def _by_chain_rule(
        self, variable: Variable, node: Node, upstream: tuple[UpstreamAdjoint, ...]
    ) -> AdjointPair | None:
        """The pair with a variable if the chain rule gives the value; of a scalar, its name has to agree as well."""
        found = self._measured(variable, node, upstream)
        if not found.ratio.nonzero:
            return None
        if node.size == 1 and not (refers_to(node, variable) or found.ratio.right):
            return None
        return found

    def _measured(
        self, variable: Variable, node: Node, upstream: tuple[UpstreamAdjoint, ...], factor: float = 1.0
    ) -> AdjointPair:
        """The pair with a variable, with or without the constants that its upstream adjoints carry."""
        ratio = self._chain.compare(Pullback(variable, upstream), node, factor)
        if not ratio.proportional and any(abs(u.scale - 1) > _NOT_ONE for u in upstream):
            plain = tuple(replace(u, scale=1.0) for u in upstream)
            unscaled = self._chain.compare(Pullback(variable, plain), node, factor)
            if unscaled.proportional:
                return AdjointPair(variable, node, plain, unscaled, factor, unscaled=True)
        return AdjointPair(variable, node, upstream, ratio, factor)

    def measure_again(self, found: AdjointPair) -> None:
        """Measure a pair once more if one of its upstream adjoints was reassigned."""
        if found.reassigned:
            return
        upstream = self._table.upstream(found.node)
        if any(self._table.pairs[u.node.index].reassigned for u in upstream):
            again = self._measured(found.variable, found.node, upstream, found.factor)
            self._table.add(replace(again, parameter=found.parameter))

    # -- upstream adjoints of other variables --------------------------------------------------------------------------

    def _with_other_upstream(self, failing: AdjointPair) -> AdjointPair:
        """A pair that fails, made right if one upstream adjoint is that of another variable; else the pair itself."""
        joint = self._with_other_line(failing)
        if joint is not None:
            return joint
        for i, upstream in enumerate(failing.upstream):
            if upstream.variable.node is None or self._is_certain(self._table.pairs[upstream.node.index]):
                continue
            below = {v.key for v in self._candidates.below(failing.variable, upstream.node)}
            for variable in self._candidates.between(upstream):
                if variable.key not in below:
                    continue
                other = replace(upstream, variable=variable, scale=1.0)
                others = (*failing.upstream[:i], other, *failing.upstream[i + 1 :])
                ratio = self._chain.compare(Pullback(failing.variable, others), failing.node, failing.factor)
                if ratio.nonzero:
                    old = self._table.pairs[upstream.node.index]
                    again = self._chain.compare(Pullback(variable, old.upstream), old.node, old.factor)
                    self._table.add(replace(old, variable=variable, ratio=again, reassigned=True))
                    return replace(failing, upstream=others, ratio=ratio)
        return failing

    def _is_certain(self, found: AdjointPair) -> bool:
        """Whether an adjoint is right, brings in no constant, and has a name that agrees and no other name."""
        named = refers_to(found.node, found.variable) and not found.node.renamed_at
        return found.proportional and abs(local_factor(found) - 1) < CHAIN_RULE.equal and named

    def _with_other_line(self, failing: AdjointPair) -> AdjointPair | None:
        """The same for all values of one line at once, as a loop computes them."""
        for location, shape in {(u.node.location.index, u.node.shape) for u in failing.upstream}:
            alike = [
                n for n in map(self._graph.nodes.__getitem__, self._backward.nodes) if n.location.index == location
            ]
            same = [n for n in alike if n.shape == shape]
            if len(same) < 2:
                continue
            others = [u for u in failing.upstream if u.node not in same]
            for variables in self._candidates.rows(same):
                upstream = (*others, *(UpstreamAdjoint(v, n) for v, n in zip(variables, same, strict=True)))
                ratio = self._chain.compare(Pullback(failing.variable, upstream), failing.node, failing.factor)
                if not ratio.nonzero:
                    continue
                for variable, node in zip(variables, same, strict=True):
                    self._reassign(node, variable)
                return replace(failing, upstream=upstream, ratio=ratio)
        return None

    def _reassign(self, node: Node, variable: Variable) -> None:
        """Pair a value with the variable that it is used as the adjoint of, unless it is right as that."""
        old = self._table.pairs.get(node.index)
        upstream = old.upstream if old is not None else self._table.upstream(node)
        ratio = self._chain.compare(Pullback(variable, upstream), node)
        if not ratio.proportional:
            self._table.add(AdjointPair(variable, node, upstream, ratio, reassigned=True))
