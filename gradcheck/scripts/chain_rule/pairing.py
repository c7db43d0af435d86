"""Which value of the backward pass is the derivative by which variable, and whether the chain rule gives it.

Worked out from the loss towards the parameters. A value is the derivative by a variable if the chain rule, applied to
the derivatives found before it, makes it, up to a constant; names say which variable to try first, and decide where the
chain rule makes nothing of it. What is left without a role is looked through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gradcheck.scripts.chain_rule.constants import own_factor
from gradcheck.scripts.chain_rule.consumers import Pair, Uses
from gradcheck.scripts.chain_rule.vjp import Chain, Place, Ratio, Source
from gradcheck.scripts.graph.dataflow import Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.text.identifiers import matches, sounds_derived


class Pairing(Uses):
    """The roles of the values of a backward pass.

    Parameters
    ----------
    flow : Flow
    chain : Chain
    forward : set of int
        Nodes that the loss depends on.
    parameters : sequence of Parameter
    given : dict of str to str
        Names of derivatives, by those of variables, that the user gave.
    """

    def __init__(
        self, flow: Flow, chain: Chain, forward: set[int], parameters: Sequence[Parameter], given: dict[str, str]
    ) -> None:
        super().__init__(flow, chain, forward, parameters, given)
        for index in self.backward:
            pair = self._paired(flow.nodes[index])
            if pair is not None:
                self.pairs[index] = pair
                if pair.place.node is not None:
                    self._met[pair.node.site.index] = pair.place.node.site.index
                    self._last[pair.node.site.index, pair.node.shape] = pair.place.node.index
        self._renew()

    def _renew(self) -> None:
        """Measure again what is made of values that turned out to be used as derivatives by other variables."""
        for index in self.backward:
            pair = self.pairs.get(index)
            if pair is None or pair.moved:
                continue
            sources = self.sources(pair.node)
            if any(self.pairs[s.node.index].moved for s in sources):
                again = self._measured(pair.place, pair.node, sources, pair.factor)
                self.pairs[index] = replace(again, parameter=pair.parameter)

    # -- one value -----------------------------------------------------------------------------------------------------

    def _paired(self, node: Node) -> Pair | None:
        parameter = self.claims.get(node.index)
        sources = self.sources(node)
        if parameter is not None:
            return self._claim(node, parameter, sources)
        if node.increment or not node.plain:
            return None
        if node.index in self.mirrors:
            return self._mirrored(node, sources)
        if self._summed(node) or self._piece(node) or not self.flow.parents[node.index]:
            return None
        options = self._options(node)
        named = [place for place in options if self._names(place, node)]
        for place in options:
            pair = self._tried(place, node, sources)
            if pair is not None:
                if place in named or not named or self._unfinished(node):
                    return pair
                wanted = [p for p in named if self._serves(node, p)]
                if not wanted and self._serves(node, place):
                    return pair
                meant = (wanted or named)[0]
                return Pair(meant, node, sources, self.chain.ratio(meant, node, 1.0, sources))
        if self._unfinished(node):
            return None
        for place in named[:4]:
            pair = Pair(place, node, sources, Ratio(0.0, constant=False))
            other = self._otherwise(pair)
            if other is not pair:
                return other
        used = self._as_used(node) if node.size > 1 else None
        place_or_none = used or self._by_name(node, options) or self._alone(node)
        if place_or_none is None:
            return None
        pair = Pair(place_or_none, node, sources, self.chain.ratio(place_or_none, node, 1.0, sources))
        return pair if pair.proportional or place_or_none.leaf is None else self._otherwise(pair)

    def _mirrored(self, node: Node, sources: tuple[Source, ...]) -> Pair | None:
        """What is computed as the forward pass had it is a derivative only if it is called one, and nearly right."""
        named = [p for p in self._places if p.node is not None and p.shape == node.shape and self._names(p, node)]
        found = (self._tried(place, node, sources) for place in named[:4])
        return next((pair for pair in found if pair is not None), None)

    def _alone(self, node: Node) -> Place | None:
        """The parameter, if a value of its shape goes into the update of no other."""
        reached = [p for i, p in self.claims.items() if node.index in self._above_claims[i]]
        if len(reached) == 1 and reached[0].leaf.value.shape == node.shape:
            grown = [self.flow.nodes[i] for i in self.flow.children.get(node.index, {})]
            if any(n.index == reached[0].claim.index for n in grown):
                return Place(leaf=reached[0].leaf)
        return None

    def _claim(self, node: Node, parameter: Parameter, sources: tuple[Source, ...]) -> Pair:
        place = Place(leaf=parameter.leaf)
        pair = self._measured(place, node, sources, parameter.factor)
        pair = replace(pair, parameter=parameter)
        if pair.proportional:
            return pair
        return self._otherwise(pair)

    def _measured(self, place: Place, node: Node, sources: tuple[Source, ...], factor: float = 1.0) -> Pair:
        ratio = self.chain.ratio(place, node, factor, sources)
        pair = Pair(place, node, sources, ratio, factor)
        if not ratio.constant and any(abs(s.scale - 1) > 1e-6 for s in sources):
            plain = tuple(replace(s, scale=1.0) for s in sources)
            raw = self.chain.ratio(place, node, factor, plain)
            if raw.constant:
                return Pair(place, node, plain, raw, factor, raw=True)
        return pair

    def _otherwise(self, pair: Pair) -> Pair:
        """A derivative that fails, but would be right if one of its sources were that by another variable."""
        joint = self._all_moved(pair)
        if joint is not None:
            return joint
        for i, source in enumerate(pair.sources):
            if source.place.node is None or self._certain(self.pairs[source.node.index]):
                continue
            below = {p.key() for p in self._fitting_below(pair.place, source.node)}
            for place in self._between(pair.place, source):
                if place.key() not in below:
                    continue
                others = (*pair.sources[:i], replace(source, place=place, scale=1.0), *pair.sources[i + 1 :])
                ratio = self.chain.ratio(pair.place, pair.node, pair.factor, others)
                if ratio.constant and not ratio.idle:
                    old = self.pairs[source.node.index]
                    again = self.chain.ratio(place, old.node, old.factor, old.sources)
                    self.pairs[source.node.index] = replace(old, place=place, ratio=again, moved=True)
                    return replace(pair, sources=others, ratio=ratio)
        return pair

    def _certain(self, pair: Pair) -> bool:
        """Whether a derivative is right, and is called what it is, and nothing else."""
        named = self._names(pair.place, pair.node) and not pair.node.given_on
        return pair.proportional and abs(own_factor(pair) - 1) < 1e-4 and named

    def _all_moved(self, pair: Pair) -> Pair | None:
        """The same for all values of a line at once, as a loop makes them."""
        for site, shape in {(s.node.site.index, s.node.shape) for s in pair.sources}:
            alike = [n for n in map(self.flow.nodes.__getitem__, self.backward) if n.site.index == site]
            same = [n for n in alike if n.shape == shape]
            if len(same) < 2:
                continue
            others = [s for s in pair.sources if s.node not in same]
            for places in self._rows(same):
                sources = (*others, *(Source(p, n) for p, n in zip(places, same, strict=True)))
                ratio = self.chain.ratio(pair.place, pair.node, pair.factor, sources)
                if not ratio.constant or ratio.idle:
                    continue
                for place, node in zip(places, same, strict=True):
                    old = self.pairs.get(node.index)
                    made = old.sources if old is not None else self.sources(node)
                    again = self.chain.ratio(place, node, 1.0, made)
                    if not again.constant:
                        self.pairs[node.index] = Pair(place, node, made, again, moved=True)
                return replace(pair, sources=sources, ratio=ratio)
        return None

    # -- which variables ---------------------------------------------------------------------------------------------

    def _tried(self, place: Place, node: Node, sources: tuple[Source, ...]) -> Pair | None:
        pair = self._measured(place, node, sources)
        if not pair.proportional or pair.ratio.idle:
            return None
        if node.size == 1 and not (matches(place.names, node.names) or pair.ratio.right):
            return None
        return pair

    def _summed(self, node: Node) -> bool:
        """Whether a value is a part of a sum that has grown, or grows, into a derivative."""
        if self._unfinished(node) and any(
            self.flow.nodes[i].increment and self.flow.nodes[i].site.line == node.site.line
            for i in self.flow.parents[node.index]
        ):
            return True
        for index in self.flow.children.get(node.index, {}):
            child = self.flow.nodes[index]
            if index not in self.backward or index in self.terms or child.increment or not child.size == node.size > 1:
                continue
            if sounds_derived(child.names) and len(self._inputs(child)) > 1 and self.additive(node, child):
                return True
        return False

    def _by_name(self, node: Node, options: Iterable[Place]) -> Place | None:
        """The variable that the name says; of several with that name, the one whose turn it is."""
        named = [p for p in options if self._names(p, node)]
        if not named:
            return None
        if named[0].node is None:
            reached = [p for p in named if p.node is None and self._feeds(node, p)]
            return (reached or named)[0]
        same = [i for i in self.backward if self.flow.nodes[i].site is node.site]
        turn = same.index(node.index) if node.index in same else 0
        by_site = [p for p in named if p.node is not None and p.node.site is named[0].node.site]
        return by_site[min(turn, len(by_site) - 1)]
