"""How the values of a backward pass stand to those of the forward pass: what is made of them, what lies between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.scripts.chain_rule.vjp import Chain, Place, Source
from gradcheck.scripts.graph.dataflow import Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.text.identifiers import sounds_derived


class Places:
    """The variables of a forward pass, and the values of a backward pass that may be derivatives by them.

    Parameters
    ----------
    flow : Flow
    chain : Chain
    forward : set of int
        Nodes that the loss depends on.
    parameters : sequence of Parameter
    """

    def __init__(self, flow: Flow, chain: Chain, forward: set[int], parameters: Sequence[Parameter]) -> None:
        self.flow, self.chain, self.forward, self.parameters = flow, chain, forward, parameters
        self._last: dict[tuple[int, tuple[int, ...]], int] = {}
        self.pairs: dict[int, Any] = {}
        self.claims = {p.claim.index: p for p in parameters}
        updates = {n.index for p in parameters for n in p.updates}
        self.backward = sorted(flow.ancestors(self.claims, stop=updates) - forward - updates)
        self._above_claims = {i: flow.ancestors([i]) for i in self.claims}
        self.mirrors = self._mirrors()
        self.terms = self._terms()

    def additive(self, node: Node, whole: Node) -> bool:
        """Whether a value goes into another as a term of a sum, perhaps times a constant."""
        base = self.chain.bases[-1]
        value = base.value(node)
        if node.size != whole.size:
            return False
        shift = self.chain.direction(value) * 1e-3
        seen = base.run([whole], node.moved(shift))
        if seen is None:
            return False
        moved = (seen[0] - base.value(whole)).ravel() / shift.ravel()
        return bool(np.ptp(moved) <= 1e-5 * np.abs(moved).max()) and bool(moved.any())

    def _mirrors(self) -> set[int]:
        """Values that the backward pass computes once more, as the forward pass had them."""
        found = set()
        for index in self.backward:
            node = self.flow.nodes[index]
            for other in self.forward:
                twin = self.flow.nodes[other]
                if twin.shape == node.shape and all(
                    np.array_equal(base.value(twin), base.value(node)) for base in self.chain.bases
                ):
                    found.add(index)
                    break
        return found

    def _terms(self) -> dict[int, Parameter]:
        """Values that are added up to the gradient of one parameter."""
        found: dict[int, Parameter] = {}
        for index in self.backward:
            node = self.flow.nodes[index]
            reached = [i for i in self.claims if index in self._above_claims[i]]
            if len(reached) != 1 or reached[0] == index:
                continue
            parameter = self.claims[reached[0]]
            if node.shape == parameter.leaf.value.shape and node.size > 1 and self.additive(node, parameter.claim):
                found[index] = parameter
        return found

    def _unfinished(self, node: Node) -> bool:
        """Whether a value is only used to become another value of the same name or array."""
        children = [self.flow.nodes[i] for i in self.flow.children.get(node.index, {}) if i not in self.forward]
        return bool(children) and all(
            (c.object_id == node.object_id and c.object_id != 0)
            or (c.container_id and c.container_id == node.object_id)
            or (node.container_id and node.container_id in (c.object_id, c.container_id))
            or (bool(set(c.names) & set(node.names)) and not c.increment)
            for c in children
        )

    def _feeds(self, node: Node, place: Place) -> bool:
        """Whether a value goes into the update of a parameter."""
        return any(p.leaf is place.leaf and node.index in self._above_claims[i] for i, p in self.claims.items())

    def _piece(self, node: Node) -> bool:
        """Whether a value is written into a part of the gradient of a parameter."""
        reached = [p for i, p in self.claims.items() if node.index in self._above_claims[i]]
        return bool(node.container_id) and len(reached) == 1 and node.container_shape == reached[0].leaf.value.shape

    def _inputs(self, node: Node) -> list[int]:
        return [i for i in self.flow.parents[node.index] if i in self.backward]

    def _rows(self, same: list[Node]) -> Iterator[list[Place]]:
        """For the values of one line, the variables of another, in the same order and in the opposite one."""
        by_site: dict[int, list[Node]] = {}
        for i in sorted(self.forward):
            other = self.flow.nodes[i]
            if other.shape == same[0].shape and not other.increment:
                by_site.setdefault(other.site.index, []).append(other)
        for row in by_site.values():
            if len(row) >= len(same):
                yield [Place(node=n) for n in reversed(row[-len(same) :])]
                yield [Place(node=n) for n in row[: len(same)]]

    def _fitting_below(self, target: Place, node: Node) -> list[Place]:
        below = (
            self.flow.descendants([target.node.index])
            if target.node is not None
            else self.flow.descendants(self.flow.from_leaf(target.leaf)[1])
            if target.leaf is not None
            else set()
        )
        fitting = [
            Place(node=self.flow.nodes[i])
            for i in sorted(below & self.forward)
            if self.flow.nodes[i].shape == node.shape and not self.flow.nodes[i].increment
        ]
        last = self._last.get((node.site.index, node.shape))
        if last is not None:  # the variable of the value before, from the same line, is near
            return sorted(fitting, key=lambda place: abs(place.node.index - last) if place.node else 0)[:24]
        return sorted(fitting, key=lambda place: not self._in_turn(place, node))[:24]

    def _in_turn(self, place: Place, node: Node) -> bool:
        """Whether a variable is as far from the end among those of its line as a value is from the start of its own."""
        assert place.node is not None
        same = [i for i in self.backward if self.flow.nodes[i].site is node.site]
        there = [i for i in sorted(self.forward, reverse=True) if self.flow.nodes[i].site is place.node.site]
        return len(same) == len(there) and same.index(node.index) == there.index(place.node.index)

    def _users(self, node: Node) -> list[int]:
        """What is made of a value, looking through increments and what only carries it on."""
        sure = sounds_derived(node.names)
        found, stack, seen = [], list(self.flow.children.get(node.index, {})), set()
        while stack:
            index = stack.pop()
            if index in seen or index in self.forward or index not in self.backward:
                continue
            seen.add(index)
            user = self.flow.nodes[index]
            if index in self.claims or index in self.terms or sounds_derived(user.names):
                found.append(index)
            beyond = index not in self.claims and index not in self.pairs
            if beyond and (sure or not user.plain or user.increment):
                stack += list(self.flow.children.get(index, {}))
        return sorted(found, key=lambda i: (i not in self.claims, i not in self.terms, -self.flow.nodes[i].size, i))[:8]

    def _between(self, place: Place, source: Source) -> Iterator[Place]:
        """Variables of the same shape on the way from one variable to that of a source."""
        assert source.place.node is not None
        above = self.flow.ancestors([source.place.node.index]) & self.forward
        for index in sorted(above, reverse=True):
            node = self.flow.nodes[index]
            if node.shape == source.place.shape and index != source.place.node.index and not node.increment:
                yield Place(node=node)
