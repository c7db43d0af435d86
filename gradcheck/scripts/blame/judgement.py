"""Which lines of a backward pass are right, and which are to blame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.blame.minimal_set import Proof
from gradcheck.scripts.chain_rule.constants import own_factor, to_blame
from gradcheck.scripts.chain_rule.consumers import Pair
from gradcheck.scripts.chain_rule.pairing import Pairing
from gradcheck.scripts.chain_rule.vjp import Chain, Ratio, Source
from gradcheck.scripts.graph.dataflow import Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import Site

Array = NDArray[Any]


@dataclass(frozen=True)
class Accused:
    """A line that is wrong.

    Attributes
    ----------
    pair : Pair
    node : Node
        The value that the line computes: the derivative, or a term of it.
    constant : float or None
        If it is wrong by no more than a constant: that constant.
    passes : tuple of Node
        What the same line computes wrongly in all passes.
    used : Site or None
        Where what it computes is used, if the line itself serves other gradients rightly.
    """

    pair: Pair
    node: Node
    constant: float | None = None
    passes: tuple[Node, ...] = ()
    used: Site | None = None

    @property
    def site(self) -> Site:
        """Where the line is: of a value that was only given another name, where it was given it."""
        if self.used is not None:
            return self.used
        if self.pair.moved and self.node is self.pair.node:
            others = [site for site in self.node.given_on if site.target.isidentifier()]
            return others[-1] if others else self.node.site
        return self.node.site


class Judgement:
    """Which lines are right, and which are to blame.

    Parameters
    ----------
    pairing : Pairing
    totals : dict
        For each gradient of a parameter, by its node: how it compares with the derivative of the loss.
    """

    def __init__(self, pairing: Pairing, totals: Mapping[int, Ratio]) -> None:
        self.pairing, self.totals = pairing, totals
        self.flow: Flow = pairing.flow
        self.chain: Chain = pairing.chain
        self.above = {i: self.flow.ancestors([i]) & set(pairing.backward) for i in pairing.claims}
        self.right = [i for i, total in totals.items() if total.right]
        self.wrong = [i for i, total in totals.items() if not total.right]
        self.accused = [self._renamed(a) for a in self._needed(self._accused())] if self.wrong else []

    def _needed(self, accused: list[Accused]) -> list[Accused]:
        proof = Proof(self.flow, self.chain, list(self.pairing.pairs.values()), self.pairing.parameters)
        return proof.needed(accused, self.wrong)

    def where_used(self, accused: Accused) -> Accused:
        """Of a line that other passes prove right: where its value goes on under another name, in a line of its own.

        For what is missing beside what the line computes: a penalty.
        """
        node = accused.node
        mine = {n.index for n in accused.passes}
        others = [n.index for n in self.flow.nodes if n.site is node.site and n.index not in mine]
        served = [i for index in others for i, above in self.above.items() if index in above]
        later = [s for s in node.names.values() if s.kind == "assign" and s.line != node.site.line]
        if not later or not served or not all(i in self.right for i in served):
            return accused
        moved = replace(accused, used=later[-1])
        self.accused = [moved if a is accused else a for a in self.accused]
        return moved

    def _accused(self) -> list[Accused]:
        failing: list[Pair] = []
        unsure: list[Pair] = []
        for pair in self.pairing.pairs.values():
            made_of = [self.pairing.pairs[s.node.index] for s in pair.sources]
            first = not any(self._fails(p) and p not in unsure for p in made_of)
            if first and self._fails(pair) and pair.ratio.known and self._matters(pair.node.index):
                (unsure if self.chain.kinked(pair.place, pair.sources) else failing).append(pair)
        found = [Accused(pair, self._term(pair)) for pair in failing]
        shared = self._shared(found)
        if shared is not None:
            found = [Accused(found[0].pair, shared, passes=(shared,))]
        below = set()
        for accused in found:
            below |= self.flow.descendants([accused.pair.node.index])
        constants = [
            self.pairing.pairs[i]
            for i in self.wrong
            if i in self.pairing.pairs and i not in below and self.pairing.pairs[i].proportional
        ]
        raw = [p for p in self.pairing.pairs.values() if p.raw and p.node.index not in below]
        for pair in raw:
            odd = [s for s in self.pairing.sources(pair.node) if abs(s.scale - 1) > 1e-6]
            blamed = [self.pairing.pairs[s.node.index] for s in odd if self._matters(s.node.index)]
            found += [Accused(b, b.node, b.scale) for b in map(self._scaling, map(self._origin, blamed))]
            if not blamed and self._matters(pair.node.index):
                own = replace(pair, sources=self.pairing.sources(pair.node), raw=False)
                found.append(Accused(own, pair.node))
        if constants and not raw:
            right = [self.pairing.pairs[i] for i in self.right if i in self.pairing.pairs]
            for culprit, constant in to_blame(self.pairing.pairs, constants, right, self.above):
                pair = self._scaling(culprit)
                found.append(Accused(pair, self._constant_term(pair), constant))
        if not found:  # on a tie a derivative that is right can seem wrong: it is to blame if nothing else is
            found = [Accused(pair, self._term(pair)) for pair in unsure]
        lines: dict[tuple[str, int], list[Accused]] = {}
        for accused in map(self._carried, found):
            lines.setdefault((accused.site.file, accused.site.line), []).append(accused)
        unique = [replace(alike[0], passes=tuple(a.pair.node for a in alike)) for alike in lines.values()]
        return sorted(unique, key=lambda a: a.node.index)

    def _shared(self, accused: Sequence[Accused]) -> Node | None:
        """A value without a role, from which alone several lines are wrong that nothing else has in common."""
        lines = {(a.site.file, a.site.line) for a in accused}
        if len(lines) < 2:
            return None
        below = [self.flow.ancestors([a.node.index]) - {a.node.index} for a in accused]
        common = set.intersection(*below) & set(self.pairing.backward)
        nodes = [self.flow.nodes[i] for i in common if i not in self.pairing.pairs and self._matters(i)]
        named = [n for n in nodes if n.plain and n.size > 1 and self.pairing.sources(n)]
        return max(named, key=lambda n: n.index, default=None)

    def _origin(self, pair: Pair) -> Pair:
        """Where the constant that a derivative carries was brought in, if no gradient that is right is made of that."""
        while abs(own_factor(pair) - 1) < 1e-4:
            carriers = [self.pairing.pairs[s.node.index] for s in pair.sources if abs(s.scale / pair.scale - 1) < 1e-4]
            if len(carriers) != 1 or not self._matters(carriers[0].node.index):
                break
            pair = carriers[0]
        return pair

    def _renamed(self, accused: Accused) -> Accused:
        """Of a line that is right by what a value was called before: the line that called the value so."""
        words, pair = set(re.findall(r"\w+", accused.site.text)), accused.pair
        for source in pair.sources if accused.node is pair.node and not pair.moved else ():
            others = tuple(s for s in pair.sources if s is not source)
            for site in source.node.given_on:
                places = self.pairing.called(site.target, source.node) if site.target in words else []
                for place in places:
                    meant = (*others, Source(place, source.node))
                    ratio = self.chain.ratio(pair.place, pair.node, pair.factor, meant)
                    if ratio.right or (accused.constant is None and ratio.constant and not ratio.idle):
                        return replace(accused, node=source.node, used=site)
        return accused

    def _scaling(self, pair: Pair) -> Pair:
        """Of a line that brings in a constant: a line after it that does no more than scale the same array."""
        for user in self.pairing.pairs.values():
            same = set(user.node.names) & set(pair.node.names) and user.place.key() == pair.place.key()
            if not same or not user.sources or user.sources[0].node is not pair.node:
                continue
            if all(_multiple(base.value(user.node), base.value(pair.node)) for base in self.chain.bases):
                return user
        return pair

    def _carried(self, accused: Accused) -> Accused:
        """Of an update that only multiplies a value by a number: the line that computes the value."""
        node = accused.node
        while accused.constant is None and node.increment and node.size > 1:  # any number is a number times another
            inputs = [i for i in self.flow.parents[node.index] if i in self.pairing.backward]
            parent = self.flow.nodes[inputs[0]] if len(inputs) == 1 else node
            if parent is node or parent.size != node.size or parent.index in self.pairing.pairs:
                break
            if not all(_multiple(base.value(node), base.value(parent)) for base in self.chain.bases):
                break
            node = parent
        if node is accused.node:
            return accused
        factor = accused.pair.factor * float(
            np.vdot(self.chain.bases[0].value(accused.node), self.chain.bases[0].value(node))
            / max(float(np.vdot(self.chain.bases[0].value(node), self.chain.bases[0].value(node))), 1e-300)
        )
        return Accused(replace(accused.pair, node=node, factor=factor), node)

    @staticmethod
    def _fails(pair: Pair) -> bool:
        """Whether a derivative is wrong by more than a constant; what is made of it is not judged then."""
        return not pair.proportional or pair.moved

    def _constant_term(self, pair: Pair) -> Node:
        """The line of a sum whose terms bring in a constant, if that can be told."""
        found: dict[tuple[str, int], Node] = {}
        inside = self._inside(pair)
        for node in inside:
            if self.pairing.sources(node) and node.size > 1:
                ratio = self._partial(pair, node)
                if ratio is not None and ratio.constant and abs(ratio.factor / pair.ratio.factor - 1) < 1e-3:
                    found.setdefault((node.site.file, node.site.line), node)
        terms = {n.index for n in found.values()}
        first = [n for n in found.values() if not (self.flow.ancestors([n.index]) - {n.index}) & terms]
        return first[0] if len(first) == 1 and pair.place.leaf is not None else pair.node

    def _matters(self, index: int) -> bool:
        """Whether gradients depend on a value, and all that do are wrong."""
        reached = [i for i, above in self.above.items() if index in above]
        return bool(reached) and not any(i in self.right for i in reached)

    def _term(self, pair: Pair) -> Node:
        """The line of a sum whose term is wrong, if the derivative is one and that can be told."""
        failing = []
        for node in self._inside(pair):
            same = bool(set(node.names) & set(pair.node.names))
            if not same and (not self.pairing.sources(node) or not self.pairing.additive(node, pair.node)):
                continue
            if node.size == 1 and not same:
                continue
            ratio = self._partial(pair, node)
            if ratio is not None and not ratio.constant:
                failing.append(node)
        if not failing and pair.node.increment:
            return self._writer(pair)
        first = [
            n for n in failing if not any(m.index in self.flow.ancestors([n.index]) for m in failing if m is not n)
        ]
        lines = {(n.site.file, n.site.line) for n in first}
        return first[0] if len(lines) == 1 else pair.node

    def _writer(self, pair: Pair) -> Node:
        """The only line that writes into the array that is the gradient, if there is one; a buffer that none fills."""
        found: dict[tuple[str, int], Node] = {}
        buffers: list[Node] = []
        for node in self._unpaired(pair):
            if not self.flow.parents[node.index] and not self.chain.bases[-1].value(node).any():
                buffers.append(node)
            elif node.container_id or node.in_place or node.keys:
                found.setdefault((node.site.file, node.site.line), node)
        if len(found) == 1:
            return next(iter(found.values()))
        return buffers[0] if not found and len(buffers) == 1 else pair.node

    def _inside(self, pair: Pair) -> list[Node]:
        """Values without a role of their own that a derivative is made of, of its shape; none of a line of the loss."""
        served = {self.flow.nodes[i].site.index for i in self.pairing.forward}
        found = [
            node
            for node in self._unpaired(pair)
            if node.size == pair.node.size and self.flow.parents[node.index] and node.site.index not in served
        ]
        return sorted(found, key=lambda n: n.index)[:60]

    def _unpaired(self, pair: Pair) -> Iterator[Node]:
        """Values of the backward pass without a role that a derivative is made of, from it to those with one."""
        stack, seen = list(self.flow.parents[pair.node.index]), set()
        while stack:
            index = stack.pop()
            if index in seen or index not in self.pairing.backward or index in self.pairing.pairs:
                continue
            seen.add(index)
            yield self.flow.nodes[index]
            stack += list(self.flow.parents[index])

    def _partial(self, pair: Pair, node: Node) -> Ratio | None:
        """A term against the part of the chain rule that goes through what the term is made of."""
        own = self.pairing.sources(node)
        direct = not own
        ratio = self.chain.ratio(pair.place, node, pair.factor, own, held=pair.sources, direct=direct)
        if not ratio.constant and own:
            ratio = self.chain.ratio(pair.place, node, pair.factor, own, held=pair.sources, direct=True)
        return ratio if ratio.known else None

    def related(self) -> bool:
        """Whether anything connects the gradients with the loss: one of them right, or values of the forward pass."""
        if self.right or any(
            p.proportional and p.ratio.known and not p.ratio.idle and p.node.size > 1
            for p in self.pairing.pairs.values()
        ):
            return True
        above = self.flow.ancestors(self.pairing.claims)
        read = set().union(*(self.flow.parents[i] for i in above if i in set(self.pairing.backward)), set())
        return bool(read & self.pairing.forward) or bool(self.pairing.mirrors & above)

    def cleared(self, site: Site) -> bool:
        """Whether all derivatives of a line are what the chain rule makes of what they are made of."""
        at = (site.file, site.line)
        pairs = [p for p in self.pairing.pairs.values() if (p.node.site.file, p.node.site.line) == at]
        return bool(pairs) and all(
            p.proportional and p.ratio.known and not p.moved and not p.raw and abs(own_factor(p) - 1) < 1e-4
            for p in pairs
        )

    def fails_at(self, site: Site) -> bool:
        """Whether what a line computes was found not to be what the chain rule makes of what it reads."""
        pairs = [p for p in self.pairing.pairs.values() if p.node.site == site]
        return not pairs or not all(p.proportional and p.ratio.known for p in pairs)


def _multiple(value: Array, other: Array) -> bool:
    """Whether one array is a number times another."""
    a, b = value.ravel(), other.ravel()
    length = float(b @ b)
    return length > 0 and float(np.linalg.norm(a - (a @ b) / length * b)) <= 1e-9 * float(np.linalg.norm(a))
