"""Variables of the forward pass that a value of the backward pass may be the adjoint of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcheck.scripts.chain_rule.backward import BackwardPass
from gradcheck.scripts.chain_rule.pairs import PairTable
from gradcheck.scripts.chain_rule.vjp import UpstreamAdjoint, Variable
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.values import broadcasts_to
from gradcheck.scripts.text.identifiers import named_as_derivative

#: Variables that are tried for one value, and that are tried for one value by its use: each costs several replays.
_MOST_OPTIONS, _MOST_BELOW = 80, 24


class Candidates:
    """Variables for values of the backward pass.

    Parameters
    ----------
    backward : BackwardPass
    table : PairTable
        The pairs that were found so far.
    given : dict of str to str
        Names of variables, by derivative, as the user gave them.
    """

    def __init__(self, backward: BackwardPass, table: PairTable, given: Mapping[str, str]) -> None:
        self._backward, self._table, self._given = backward, table, given
        self._graph, self._forward = backward.graph, backward.forward
        self.variables = [Variable(node=self._graph.nodes[i]) for i in sorted(self._forward, reverse=True)]
        self.variables += [Variable(parameter=p.variable) for p in backward.parameters]

    def named(self, name: str, node: Node) -> list[Variable]:
        """Variables of a value's shape that a derivative's name refers to."""
        return [v for v in self.variables if v.shape == node.shape and named_as_derivative(v.names, [name])]

    def options(self, node: Node) -> list[Variable]:
        """Variables that a value may be the adjoint of, the likeliest first."""
        fitting = [
            v
            for v in self.variables
            if (v.shape == node.shape or _both_scalar(v, node) or self._broadcasts(v, node))
            and not (v.node is not None and v.node.is_increment)
        ]
        wanted = {self._given[n] for n in node.names if n in self._given}
        if wanted:
            return [v for v in fitting if wanted & set(v.names)]
        named = [v for v in fitting if refers_to(node, v)]
        if node.size == 1 and not named:
            return []
        downstream = {u.variable.node.index for u in self._table.upstream(node) if u.variable.node is not None}
        above = self._graph.ancestors(downstream) if downstream else self._forward
        rest = [v for v in fitting if v not in named and (v.node is None or v.node.index in above)]
        location = self._table.location_for(node)
        again = [v for v in (*named, *rest) if v.node is not None and v.node.location.index == location]
        again.sort(key=lambda v: not self._in_turn(v, node))
        if again:
            return [*again, *[v for v in named if v not in again]]
        return [*named, *rest][:_MOST_OPTIONS]

    def _broadcasts(self, variable: Variable, node: Node) -> bool:
        """Whether a value is part of a gradient that has too few entries for its parameter and is broadcast."""
        return variable.parameter is not None and any(
            p.variable is variable.parameter
            and p.claim.size < p.variable.value.size
            and broadcasts_to(node.shape, variable.shape)
            and node.index in self._backward.above_claims[i]
            for i, p in self._backward.claims.items()
        )

    def by_name(self, node: Node, options: Sequence[Variable]) -> Variable | None:
        """The variable that a value's name refers to; of several values and variables, the one in the same turn."""
        named = [v for v in options if refers_to(node, v)]
        if not named:
            return None
        if named[0].node is None:
            reached = [v for v in named if v.node is None and self._backward.feeds(node, v)]
            return (reached or named)[0]
        same = self._backward.at_same_location(node)
        turn = same.index(node.index) if node.index in same else 0
        row = [v for v in named if v.node is not None and v.node.location is named[0].node.location]
        return row[min(turn, len(row) - 1)]

    def below(self, target: Variable, node: Node) -> list[Variable]:
        """Variables of a value's shape that depend on another variable, the likeliest first."""
        graph = self._graph
        if target.node is not None:
            below = graph.descendants([target.node.index])
        else:
            below = (
                graph.descendants(graph.responses_to(target.parameter)[1]) if target.parameter is not None else set()
            )
        fitting = [
            Variable(node=graph.nodes[i])
            for i in sorted(below & self._forward)
            if graph.nodes[i].shape == node.shape and not graph.nodes[i].is_increment
        ]
        last = self._table.variable_before(node)
        if last is not None:  # the variable for the next value of the same line is near
            fitting.sort(key=lambda v: abs(v.node.index - last) if v.node else 0)
        else:
            fitting.sort(key=lambda v: not self._in_turn(v, node))
        return fitting[:_MOST_BELOW]

    def between(self, upstream: UpstreamAdjoint) -> Iterator[Variable]:
        """Variables of the same shape that the variable of an upstream adjoint depends on, the nearest first."""
        assert upstream.variable.node is not None
        above = self._graph.ancestors([upstream.variable.node.index]) & self._forward
        for index in sorted(above, reverse=True):
            node = self._graph.nodes[index]
            if node.shape == upstream.variable.shape and node is not upstream.variable.node and not node.is_increment:
                yield Variable(node=node)

    def rows(self, same: Sequence[Node]) -> Iterator[list[Variable]]:
        """For the values of one line, the values of each line of the forward pass, in reverse and in the same order."""
        by_location: dict[int, list[Node]] = {}
        for i in sorted(self._forward):
            other = self._graph.nodes[i]
            if other.shape == same[0].shape and not other.is_increment:
                by_location.setdefault(other.location.index, []).append(other)
        for row in by_location.values():
            if len(row) >= len(same):
                yield [Variable(node=n) for n in reversed(row[-len(same) :])]
                yield [Variable(node=n) for n in row[: len(same)]]

    def _in_turn(self, variable: Variable, node: Node) -> bool:
        """Whether a variable is as far from the end of its line's values as a value is from the start of its line's."""
        assert variable.node is not None
        same = self._backward.at_same_location(node)
        there = [
            i for i in sorted(self._forward, reverse=True) if self._graph.nodes[i].location is variable.node.location
        ]
        return len(same) == len(there) and same.index(node.index) == there.index(variable.node.index)


def refers_to(node: Node, variable: Variable) -> bool:
    """Whether a value's name says that it is the adjoint of a variable."""
    return named_as_derivative(variable.names, node.names)


def _both_scalar(variable: Variable, node: Node) -> bool:
    """Whether a parameter and a value have one entry each, in whatever shapes."""
    return variable.parameter is not None and variable.parameter.value.size == 1 and node.size == 1
