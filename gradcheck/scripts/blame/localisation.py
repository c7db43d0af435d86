"""Locates the faulty lines of a backward pass whose gradients are wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.blame.minimal_set import minimal_set
from gradcheck.scripts.chain_rule.constants import explain_constants, local_factor
from gradcheck.scripts.chain_rule.pairing import Pairing
from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.chain_rule.vjp import Proportionality, Pullback, UpstreamAdjoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import Kind, SourceLocation
from gradcheck.scripts.instrument.values import Array


@dataclass(frozen=True)
class LocalisationSettings:
    """When a line counts as faulty.

    Attributes
    ----------
    not_one : float
        A constant that differs from 1 by more than this is carried on purpose or by mistake, not by rounding.
    same_constant : float
        The relative difference up to which a line brings in no constant of its own.
    same_term_constant : float
        The same for a term of a sum, whose share of the slope is known less well.
    parallel : float
        The relative norm of what is left of an array without its component along another, if it is a multiple of it.
    terms : int
        Values inside a sum that are compared one by one.
    """

    not_one: float = 1e-6
    same_constant: float = 1e-4
    same_term_constant: float = 1e-3
    parallel: float = 1e-9
    terms: int = 60


LOCALISATION = LocalisationSettings()


class Localisation:
    """Which gradients and lines are right, and which lines are faulty.

    Parameters
    ----------
    pairing : Pairing
    totals : dict of int to Proportionality
        For each claimed gradient, by node: how it compares with the derivative of the loss.

    Attributes
    ----------
    above : dict of int to set of int
        The values of the backward pass that each claimed gradient is made of.
    right, wrong : list of int
        Nodes of the claimed gradients.
    lines : tuple of FaultyLine
    """

    def __init__(self, pairing: Pairing, totals: Mapping[int, Proportionality]) -> None:
        self.pairing, self.pairs = pairing, pairing.pairs
        self._backward, self._forward = pairing.backward, pairing.backward.forward
        self._graph, self._chain = self._backward.graph, self._backward.chain
        self.above = {i: self._graph.ancestors([i]) & set(self._backward.nodes) for i in self._backward.claims}
        self.right = [i for i, total in totals.items() if total.right]
        self.wrong = [i for i, total in totals.items() if not total.right]
        self.lines = self._locate() if self.wrong else ()

    def _locate(self) -> tuple[FaultyLine, ...]:
        suspects = self._suspects()
        parameters = self._backward.parameters
        fewest = minimal_set(self._graph, self._chain, list(self.pairs.values()), parameters, suspects, self.wrong)
        return tuple(map(self._at_wrong_name, fewest))

    def _suspects(self) -> list[FaultyLine]:
        """Lines that may be faulty, one for each line of the source, in the order in which they are executed."""
        failing, on_kinks = self._failing()
        found = [FaultyLine(pair, self._term(pair)) for pair in failing]
        shared = self._shared(found)
        if shared is not None:
            found = [FaultyLine(found[0].pair, shared, executions=(shared,))]
        found += self._with_wrong_constants(found)
        if not found:  # on a kink a right adjoint can seem wrong, so it is faulty only if nothing else is
            found = [FaultyLine(pair, self._term(pair)) for pair in on_kinks]
        lines: dict[tuple[str, int], list[FaultyLine]] = {}
        for line in map(self._behind_scaling, found):
            lines.setdefault(line.location.place, []).append(line)
        unique = [replace(alike[0], executions=tuple(a.pair.node for a in alike)) for alike in lines.values()]
        return sorted(unique, key=lambda line: line.node.index)

    def _failing(self) -> tuple[list[AdjointPair], list[AdjointPair]]:
        """Adjoints that are wrong although those that they are made of are right; those on a kink apart."""
        failing: list[AdjointPair] = []
        on_kinks: list[AdjointPair] = []
        for pair in self.pairs.values():
            upstream = [self.pairs[u.node.index] for u in pair.upstream]
            if any(_fails(p) and p not in on_kinks for p in upstream):
                continue
            if _fails(pair) and pair.ratio.known and self._only_wrong(pair.node.index):
                (on_kinks if self._chain.has_kink(pair.pullback) else failing).append(pair)
        return failing, on_kinks

    def _with_wrong_constants(self, found: Sequence[FaultyLine]) -> list[FaultyLine]:
        """Lines that bring in a wrong constant, or lose one that was deferred, apart from what depends on others."""
        below: set[int] = set()
        for line in found:
            below |= self._graph.descendants([line.pair.node.index])
        more: list[FaultyLine] = []
        unscaled = [p for p in self.pairs.values() if p.unscaled and p.node.index not in below]
        for pair in unscaled:
            upstream = self.pairing.upstream(pair.node)
            scaled = [u for u in upstream if abs(u.scale - 1) > LOCALISATION.not_one]
            sources = [self.pairs[u.node.index] for u in scaled if self._only_wrong(u.node.index)]
            for origin in [self._last_scaling(self._origin(source)) for source in sources]:
                more.append(FaultyLine(origin, origin.node, origin.scale))
            if not sources and self._only_wrong(pair.node.index):
                more.append(FaultyLine(replace(pair, upstream=upstream, unscaled=False), pair.node))
        claims = [self.pairs[i] for i in self.wrong if i in self.pairs and i not in below]
        constants = [pair for pair in claims if pair.proportional]
        if constants and not unscaled:
            right = [self.pairs[i] for i in self.right if i in self.pairs]
            for pair, constant in explain_constants(self.pairs, constants, right, self.above):
                last = self._last_scaling(pair)
                more.append(FaultyLine(last, self._term_with_constant(last), constant))
        return more

    def _only_wrong(self, index: int) -> bool:
        """Whether gradients depend on a value, and all that do are wrong."""
        reached = [i for i, above in self.above.items() if index in above]
        return bool(reached) and not any(i in self.right for i in reached)

    # -- the line of a wrong value -------------------------------------------------------------------------------------

    def _shared(self, lines: Sequence[FaultyLine]) -> Node | None:
        """A value without a pair that is all that several wrong lines have in common."""
        if len({line.location.place for line in lines}) < 2:
            return None
        above = [self._graph.ancestors([line.node.index]) - {line.node.index} for line in lines]
        common = set.intersection(*above) & set(self._backward.nodes)
        nodes = [self._graph.nodes[i] for i in common if i not in self.pairs and self._only_wrong(i)]
        named = [n for n in nodes if n.is_named and n.size > 1 and self.pairing.upstream(n)]
        return max(named, key=lambda n: n.index, default=None)

    def _origin(self, pair: AdjointPair) -> AdjointPair:
        """The adjoint that brought in the constant which another carries, if no right gradient is made of it."""
        while abs(local_factor(pair) - 1) < LOCALISATION.same_constant:
            carriers = [
                self.pairs[u.node.index]
                for u in pair.upstream
                if abs(u.scale / pair.scale - 1) < LOCALISATION.same_constant
            ]
            if len(carriers) != 1 or not self._only_wrong(carriers[0].node.index):
                break
            pair = carriers[0]
        return pair

    def _at_wrong_name(self, line: FaultyLine) -> FaultyLine:
        """The line that gave a value its name, if the faulty line is right going by what the name says."""
        words, pair = set(re.findall(r"\w+", line.location.text)), line.pair
        for upstream in pair.upstream if line.node is pair.node and not pair.reassigned else ():
            others = tuple(u for u in pair.upstream if u is not upstream)
            for location in upstream.node.renamed_at:
                named = (
                    self.pairing.candidates.named(location.target, upstream.node) if location.target in words else []
                )
                for variable in named:
                    meant = Pullback(pair.variable, (*others, UpstreamAdjoint(variable, upstream.node)))
                    ratio = self._chain.compare(meant, pair.node, pair.factor)
                    if ratio.right or (line.constant is None and ratio.nonzero):
                        return replace(line, node=upstream.node, used_at=location)
        return line

    def _last_scaling(self, pair: AdjointPair) -> AdjointPair:
        """A later line that only scales the adjoint under the same name; else the adjoint itself."""
        for later in self.pairs.values():
            same = set(later.node.names) & set(pair.node.names) and later.variable.key == pair.variable.key
            if not same or not later.upstream or later.upstream[0].node is not pair.node:
                continue
            if all(_is_multiple(b.value(later.node), b.value(pair.node)) for b in self._chain.bases):
                return later
        return pair

    def _behind_scaling(self, line: FaultyLine) -> FaultyLine:
        """The line that computes a value, if the faulty one is an update that only multiplies it by a number."""
        node = line.node
        while line.constant is None and node.is_increment and node.size > 1:
            inputs = [i for i in self._graph.predecessors[node.index] if i in self._backward.nodes]
            source = self._graph.nodes[inputs[0]] if len(inputs) == 1 else node
            if source is node or source.size != node.size or source.index in self.pairs:
                break
            if not all(_is_multiple(b.value(node), b.value(source)) for b in self._chain.bases):
                break
            node = source
        if node is line.node:
            return line
        scaled, value = (self._chain.bases[0].value(n) for n in (line.node, node))
        multiple = float(np.vdot(scaled, value) / max(float(np.vdot(value, value)), 1e-300))
        return FaultyLine(replace(line.pair, node=node, factor=line.pair.factor * multiple), node)

    # -- terms of a sum ------------------------------------------------------------------------------------------------

    def _term(self, pair: AdjointPair) -> Node:
        """The wrong term of an adjoint that is a sum, if there is one; else the adjoint."""
        failing = []
        for node in self._inside(pair):
            same = bool(set(node.names) & set(pair.node.names))
            if not same and (not self.pairing.upstream(node) or not self._backward.is_term(node, pair.node)):
                continue
            if node.size == 1 and not same:
                continue
            ratio = self._compare_term(pair, node)
            if ratio is not None and not ratio.proportional:
                failing.append(node)
        if not failing and pair.node.is_increment:
            return self._only_writer(pair)
        first = [
            n for n in failing if not any(m.index in self._graph.ancestors([n.index]) for m in failing if m is not n)
        ]
        return first[0] if len({n.location.place for n in first}) == 1 else pair.node

    def _term_with_constant(self, pair: AdjointPair) -> Node:
        """The line of a sum that brings in the wrong constant, if there is one; else the adjoint."""
        found: dict[tuple[str, int], Node] = {}
        for node in self._inside(pair):
            if self.pairing.upstream(node) and node.size > 1:
                ratio = self._compare_term(pair, node)
                if ratio is not None and ratio.proportional and _same_constant(ratio, pair.ratio):
                    found.setdefault(node.location.place, node)
        terms = {n.index for n in found.values()}
        first = [n for n in found.values() if not (self._graph.ancestors([n.index]) - {n.index}) & terms]
        return first[0] if len(first) == 1 and pair.variable.parameter is not None else pair.node

    def _compare_term(self, pair: AdjointPair, node: Node) -> Proportionality | None:
        """A term compared with the part of the chain rule that goes through what the term is made of."""
        own = self.pairing.upstream(node)
        pullback = Pullback(pair.variable, own, held=pair.upstream, direct=not own)
        ratio = self._chain.compare(pullback, node, pair.factor)
        if not ratio.proportional and own:
            ratio = self._chain.compare(replace(pullback, direct=True), node, pair.factor)
        return ratio if ratio.known else None

    def _only_writer(self, pair: AdjointPair) -> Node:
        """The only line that writes into a gradient's array; or the array, if nothing writes into it."""
        found: dict[tuple[str, int], Node] = {}
        buffers: list[Node] = []
        for node in self._unpaired(pair):
            if not self._graph.predecessors[node.index] and not self._chain.bases[-1].value(node).any():
                buffers.append(node)
            elif node.container_id or node.in_place or node.keys:
                found.setdefault(node.location.place, node)
        if len(found) == 1:
            return next(iter(found.values()))
        return buffers[0] if not found and len(buffers) == 1 else pair.node

    def _inside(self, pair: AdjointPair) -> list[Node]:
        """Values without a pair that an adjoint is made of, of its size; not those from a line of the forward pass."""
        served = {self._graph.nodes[i].location.index for i in self._forward}
        found = [
            node
            for node in self._unpaired(pair)
            if node.size == pair.node.size
            and self._graph.predecessors[node.index]
            and node.location.index not in served
        ]
        return sorted(found, key=lambda n: n.index)[: LOCALISATION.terms]

    def _unpaired(self, pair: AdjointPair) -> Iterator[Node]:
        """Values without a pair between an adjoint and those that it is made of."""
        stack, seen = list(self._graph.predecessors[pair.node.index]), set()
        while stack:
            index = stack.pop()
            if index in seen or index not in self._backward.nodes or index in self.pairs:
                continue
            seen.add(index)
            yield self._graph.nodes[index]
            stack += list(self._graph.predecessors[index])

    # -- questions -----------------------------------------------------------------------------------------------------

    def where_used(self, line: FaultyLine) -> FaultyLine:
        """The line that uses a value under another name, if other executions prove the faulty line itself right.

        For a term that is missing next to what the line computes, as a penalty is.
        """
        node = line.node
        own = {n.index for n in line.executions}
        others = [n.index for n in self._graph.nodes if n.location is node.location and n.index not in own]
        served = [i for index in others for i, above in self.above.items() if index in above]
        later = [s for s in node.names.values() if s.kind is Kind.ASSIGN and s.line != node.location.line]
        if not later or not served or not all(i in self.right for i in served):
            return line
        return replace(line, used_at=later[-1])

    def is_related(self) -> bool:
        """Whether anything connects gradients and loss: a right gradient or adjoint, or a value that both read."""
        if self.right or any(p.ratio.nonzero and p.ratio.known and p.node.size > 1 for p in self.pairs.values()):
            return True
        above = self._graph.ancestors(self._backward.claims)
        nodes = set(self._backward.nodes)
        read = set().union(*(self._graph.predecessors[i] for i in above if i in nodes), set())
        return bool(read & self._forward) or bool(self._backward.recomputed & above)

    def is_cleared(self, location: SourceLocation) -> bool:
        """Whether all adjoints from a line are what the chain rule makes of their upstream adjoints."""
        pairs = [p for p in self.pairs.values() if p.node.location.place == location.place]
        return bool(pairs) and all(
            p.proportional
            and p.ratio.known
            and not p.reassigned
            and not p.unscaled
            and abs(local_factor(p) - 1) < LOCALISATION.same_constant
            for p in pairs
        )

    def fails_at(self, location: SourceLocation) -> bool:
        """Whether the adjoint from a location is not what the chain rule gives, or has no pair."""
        pairs = [p for p in self.pairs.values() if p.node.location == location]
        return not pairs or not all(p.proportional and p.ratio.known for p in pairs)


def _fails(pair: AdjointPair) -> bool:
    """Whether an adjoint is wrong by more than a constant."""
    return not pair.proportional or pair.reassigned


def _same_constant(term: Proportionality, whole: Proportionality) -> bool:
    return abs(term.factor / whole.factor - 1) < LOCALISATION.same_term_constant


def _is_multiple(value: Array, other: Array) -> bool:
    """Whether one array is a number times another."""
    a, b = value.ravel(), other.ravel()
    length = float(b @ b)
    rest = float(np.linalg.norm(a - (a @ b) / length * b)) if length > 0 else np.inf
    return length > 0 and rest <= LOCALISATION.parallel * float(np.linalg.norm(a))
