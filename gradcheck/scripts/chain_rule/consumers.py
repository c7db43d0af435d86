"""Infers which variable a backward value is the adjoint of, from how it is used downstream."""

from __future__ import annotations

from gradcheck.scripts.chain_rule.backward import BackwardPass
from gradcheck.scripts.chain_rule.candidates import Candidates, refers_to
from gradcheck.scripts.chain_rule.pairs import PairTable
from gradcheck.scripts.chain_rule.vjp import Pullback, UpstreamAdjoint, Variable
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.text.identifiers import looks_like_derivative

#: Hypotheses that are tested in all; about one value with the name of a derivative; and about one without.
_MOST_TESTS, _MOST_TESTS_NAMED, _MOST_TESTS_UNNAMED = 400, 60, 30

#: After this many values of one line for which no variable was found, the line is given up.
_MOST_FAILURES = 3

#: Consumers of one value, variables that one consumer may be the adjoint of, and consumers that confirm a name.
_MOST_CONSUMERS, _MOST_TARGETS, _MOST_CONFIRMING = 8, 4, 3


class Consumers:
    """What is made of the values of a backward pass.

    Parameters
    ----------
    backward : BackwardPass
    candidates : Candidates
    table : PairTable
        The pairs that were found so far.
    """

    def __init__(self, backward: BackwardPass, candidates: Candidates, table: PairTable) -> None:
        self._backward, self._candidates, self._table = backward, candidates, table
        self._graph, self._chain = backward.graph, backward.chain
        self._failures: dict[int, int] = {}
        self._tests = 0

    def variable_for(self, node: Node) -> Variable | None:
        """The variable that a value must be the adjoint of for what is made of it to be right.

        A value without the name of a derivative needs two parameters to confirm it, since one product of a line can
        be right by accident if another value is taken for a derivative.
        """
        named = looks_like_derivative(node.names)
        if self._failures.get(node.location.index, 0) >= _MOST_FAILURES or self._tests > _MOST_TESTS:
            return None
        confirmed: dict[object, tuple[Variable, set[object]]] = {}
        limit = self._tests + (_MOST_TESTS_NAMED if named else _MOST_TESTS_UNNAMED)
        for index, target, factor in self._targets(node):
            location = self._table.location_for(node)
            for variable in self._candidates.below(target, node):
                if location is not None and variable.node is not None and variable.node.location.index != location:
                    continue
                if self._tests > limit:
                    break
                if variable.key != target.key and self._makes_right(index, target, factor, node, variable):
                    reasons = confirmed.setdefault(variable.key, (variable, set()))[1]
                    reasons.add(target.key)
                    reshaped = self._graph.nodes[index].size != node.size
                    if named or (reshaped and index in self._graph.successors.get(node.index, {})):
                        reasons.add("not by accident")
                    if len(reasons) > 1:
                        return variable
        jointly = self._jointly(node, 1 if named else 2)
        if jointly is None:
            self._failures[node.location.index] = self._failures.get(node.location.index, 0) + 1
        return jointly

    def _jointly(self, node: Node, needed: int) -> Variable | None:
        """The variable, if all values of a line together, each with its own, make gradients of parameters right."""
        found: dict[object, int] = {}
        same = [self._graph.nodes[i] for i in self._backward.at_same_location(node)]
        for index, parameter in self._backward.claims.items() if len(same) > 1 else ():
            if node.index not in self._backward.above_claims[index]:
                continue
            for variables in self._candidates.rows(same):
                upstream = [UpstreamAdjoint(v, n) for v, n in zip(variables, same, strict=True)]
                pullback = Pullback(Variable(parameter=parameter.variable), upstream)
                variable = variables[same.index(node)]
                if self._chain.compare(pullback, parameter.claim, parameter.factor).nonzero:
                    found[variable.key] = found.get(variable.key, 0) + 1
                    if found[variable.key] >= needed:
                        return variable
        return None

    def confirms(self, node: Node, variable: Variable) -> bool:
        """Whether something that is made of a value is right if the value is the adjoint of a variable."""
        targets = self._targets(node)[:_MOST_CONFIRMING]
        return any(self._makes_right(index, target, factor, node, variable) for index, target, factor in targets)

    def _targets(self, node: Node) -> list[tuple[int, Variable, float]]:
        """What is made of a value, with the variable that it is the adjoint of, and its factor."""
        found: list[tuple[int, Variable, float]] = []
        for index in self._consumers(node):
            parameter = self._backward.claims.get(index, self._backward.terms.get(index))
            if parameter is not None:
                found.append((index, Variable(parameter=parameter.variable), parameter.factor))
            else:
                consumer = self._graph.nodes[index]
                options = [v for v in self._candidates.options(consumer) if refers_to(consumer, v)]
                found += [(index, v, 1.0) for v in options[:_MOST_TARGETS]]
        return found

    def _consumers(self, node: Node) -> list[int]:
        """Derivatives that are made of a value, looking through increments and unnamed expressions."""
        claims, terms = self._backward.claims, self._backward.terms
        named = looks_like_derivative(node.names)
        found, stack, seen = [], list(self._graph.successors.get(node.index, {})), set()
        while stack:
            index = stack.pop()
            if index in seen or index not in self._backward.nodes:
                continue
            seen.add(index)
            consumer = self._graph.nodes[index]
            if index in claims or index in terms or looks_like_derivative(consumer.names):
                found.append(index)
            beyond = index not in claims and index not in self._table.pairs
            if beyond and (named or not consumer.is_named or consumer.is_increment):
                stack += list(self._graph.successors.get(index, {}))
        found.sort(key=lambda i: (i not in claims, i not in terms, -self._graph.nodes[i].size, i))
        return found[:_MOST_CONSUMERS]

    def _makes_right(self, index: int, target: Variable, factor: float, node: Node, variable: Variable) -> bool:
        """Whether a consumer is right by the chain rule, if a value that it is made of is the adjoint of a variable."""
        self._tests += 1
        graph = self._graph
        consumer = graph.nodes[index]
        above = graph.ancestors([node.index])
        others = [u for u in self._table.upstream(consumer) if u.node is not node and u.node.index not in above]
        if index in self._backward.terms:
            assert variable.node is not None
            again = [n for n in graph.nodes if n.location is variable.node.location]
            pinned = [n for n in again if n.index in self._backward.forward]
            pullback = Pullback(target, [UpstreamAdjoint(variable, node)], direct=False, pinned=pinned)
            if self._chain.compare(pullback, consumer, factor).nonzero:
                return True
        for scale in dict.fromkeys((1.0, *map(float, node.shape if not others else ()))):
            pullback = Pullback(target, [*others, UpstreamAdjoint(variable, node, scale)])
            if self._chain.compare(pullback, consumer, factor).nonzero:
                return True
        return False
