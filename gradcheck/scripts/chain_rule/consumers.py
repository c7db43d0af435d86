"""What a value of a backward pass must be the derivative by, going by what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.scripts.chain_rule.candidates import Places
from gradcheck.scripts.chain_rule.vjp import Chain, Place, Ratio, Source
from gradcheck.scripts.graph.dataflow import Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.events import spreads
from gradcheck.scripts.text.identifiers import matches, sounds_derived

#: Variables that are tried for one derivative, at most.
TRIED = 80

#: After so many values of a line for which no variable was found, no more are looked at.
IN_VAIN = 3

#: So many suppositions about what is made of what are tested, over all.
MOST = 400

#: And about one value: that is called a derivative, and that is not.
SURE, UNSURE = 60, 30


@dataclass(frozen=True)
class Pair:
    """A derivative of the program, and what it is by.

    Attributes
    ----------
    place : Place
    node : Node
    sources : tuple of Source
        The derivatives that it is made of.
    ratio : Ratio
        Against the chain rule, the constants of the sources taken out.
    factor : float
        Of an increment that is a gradient: what makes it one.
    parameter : Parameter or None
    raw : bool
        Whether it is what the chain rule makes of its sources as they are, constants and all.
    moved : bool
        Whether it is right as the derivative by another variable, but used as that by this one.
    """

    place: Place
    node: Node
    sources: tuple[Source, ...]
    ratio: Ratio
    factor: float = 1.0
    parameter: Parameter | None = None
    raw: bool = False
    moved: bool = False

    @property
    def proportional(self) -> bool:
        """Whether it is right up to a constant."""
        return self.ratio.constant

    @property
    def scale(self) -> float:
        """The constant that it carries, as far as that is known."""
        return self.ratio.factor if self.ratio.constant and not self.ratio.idle and not self.raw else 1.0


class Uses(Places):
    """Values of a backward pass with the roles that were found for them, and what follows for others.

    Parameters
    ----------
    flow, chain, forward, parameters
        As for `Places`.
    given : dict of str to str
        Names of derivatives, by those of variables, that the user gave.
    """

    def __init__(
        self, flow: Flow, chain: Chain, forward: set[int], parameters: Sequence[Parameter], given: dict[str, str]
    ) -> None:
        super().__init__(flow, chain, forward, parameters)
        self.given = given
        self.pairs: dict[int, Pair] = {}
        self._met: dict[int, int] = {}
        self._vain: dict[int, int] = {}
        self._tests = 0
        self._places = [Place(node=flow.nodes[i]) for i in sorted(forward, reverse=True)]
        self._places += [Place(leaf=p.leaf) for p in parameters]

    def sources(self, node: Node) -> tuple[Source, ...]:
        """The nearest derivatives with a role that a value is made of."""
        found: dict[int, Source] = {}
        stack, seen = list(self.flow.parents[node.index]), {node.index}
        while stack:
            index = stack.pop()
            if index in seen or index in self.forward or index not in self.flow.parents:
                continue
            seen.add(index)
            pair = self.pairs.get(index)
            if pair is not None:
                found[index] = Source(pair.place, pair.node, pair.scale)
            else:
                stack += list(self.flow.parents[index])
        return tuple(found[i] for i in sorted(found))

    def called(self, name: str, node: Node) -> list[Place]:
        """Variables of a value's shape that a name says it is the derivative by."""
        return [p for p in self._places if p.shape == node.shape and matches(p.names, [name])]

    @staticmethod
    def _names(place: Place, node: Node) -> bool:
        return matches(place.names, node.names)

    def _options(self, node: Node) -> list[Place]:
        """Variables that a value may be the derivative by, the likeliest first."""
        fitting = [
            p
            for p in self._places
            if (p.shape == node.shape or _single(p, node) or self._spread(p, node))
            and not (p.node is not None and p.node.increment)
        ]
        wanted = {self.given[n] for n in node.names if n in self.given}
        if wanted:
            return [p for p in fitting if wanted & set(p.names)]
        named = [p for p in fitting if matches(p.names, node.names)]
        if node.size == 1 and not named:
            return []
        seen = {s.place.node.index for s in self.sources(node) if s.place.node is not None}
        upstream = self.flow.ancestors(seen) if seen else self.forward
        rest = [p for p in fitting if p not in named and (p.node is None or p.node.index in upstream)]
        met = self._met.get(node.site.index)
        again = [p for p in (*named, *rest) if p.node is not None and p.node.site.index == met]
        again.sort(key=lambda p: not self._in_turn(p, node))
        if again:
            return [*again, *[p for p in named if p not in again]]
        return [*named, *rest][:TRIED]

    def _spread(self, place: Place, node: Node) -> bool:
        """Whether a parameter is updated by too few numbers, spread over it, and a value goes into them."""
        return place.leaf is not None and any(
            p.leaf is place.leaf
            and p.claim.size < p.leaf.value.size
            and spreads(node.shape, place.shape)
            and node.index in self._above_claims[i]
            for i, p in self.claims.items()
        )

    def _as_used(self, node: Node) -> Place | None:
        """The variable that a value must be the derivative by for what is made of it to be right.

        A name that is none of a derivative has to be borne out by two parameters: that one product of a line is right
        if another is taken for a derivative happens by itself.
        """
        sure = sounds_derived(node.names)
        if self._vain.get(node.site.index, 0) >= IN_VAIN or self._tests > MOST:
            return None
        borne: dict[object, tuple[Place, set[object]]] = {}
        enough = self._tests + (SURE if sure else UNSURE)
        for index, target, factor in self._uses(node):
            met = self._met.get(node.site.index)
            for place in self._fitting_below(target, node):
                if met is not None and place.node is not None and place.node.site.index != met:
                    continue
                if self._tests > enough:
                    break
                if place.key() != target.key() and self._made_of(index, target, factor, node, place):
                    found = borne.setdefault(place.key(), (place, set()))[1]
                    found.add(target.key())
                    if sure or (
                        self.flow.nodes[index].size != node.size and index in self.flow.children.get(node.index, {})
                    ):
                        found.add("surely")
                    if len(found) > 1:
                        return place
        best = max(borne.values(), key=lambda entry: len(entry[1]), default=None)
        if best is not None and len(best[1]) >= 2:
            return best[0]
        found_jointly = self._jointly(node, 1 if sure else 2)
        if found_jointly is None:
            self._vain[node.site.index] = self._vain.get(node.site.index, 0) + 1
        return found_jointly

    def _jointly(self, node: Node, needed: int) -> Place | None:
        """The variable, if all values of a line together, each by its own, make gradients of parameters right."""
        found: dict[object, int] = {}
        same = [self.flow.nodes[i] for i in self.backward if self.flow.nodes[i].site is node.site]
        for index, parameter in self.claims.items() if len(same) > 1 else ():
            if node.index not in self._above_claims[index]:
                continue
            for places in self._rows(same):
                sources = [Source(p, n) for p, n in zip(places, same, strict=True)]
                ratio = self.chain.ratio(Place(leaf=parameter.leaf), parameter.claim, parameter.factor, sources)
                place = places[same.index(node)]
                if ratio.constant and not ratio.idle:
                    found[place.key()] = found.get(place.key(), 0) + 1
                    if found[place.key()] >= needed:
                        return place
        return None

    def _serves(self, node: Node, place: Place) -> bool:
        """Whether something that is made of a value is right if the value is the derivative by a variable."""
        return any(self._made_of(index, target, factor, node, place) for index, target, factor in self._uses(node)[:3])

    def _uses(self, node: Node) -> list[tuple[int, Place, float]]:
        """What is made of a value, with what it is the derivative by."""
        found: list[tuple[int, Place, float]] = []
        for index in self._users(node):
            parameter = self.claims.get(index, self.terms.get(index))
            if parameter is not None:
                found.append((index, Place(leaf=parameter.leaf), parameter.factor))
            else:
                user = self.flow.nodes[index]
                found += [(index, p, 1.0) for p in self._options(user) if self._names(p, user)][:4]
        return found

    def _made_of(self, index: int, target: Place, factor: float, node: Node, place: Place) -> bool:
        """Whether a value is right by the chain rule, if one that it is made of is the derivative by a variable."""
        self._tests += 1
        user = self.flow.nodes[index]
        above = self.flow.ancestors([node.index])
        others = [s for s in self.sources(user) if s.node is not node and s.node.index not in above]
        if index in self.terms:
            assert place.node is not None
            again = [n for n in self.flow.nodes if n.site is place.node.site and n.index in self.forward]
            ratio = self.chain.ratio(target, user, factor, [Source(place, node)], direct=False, pinned=again)
            if ratio.constant and not ratio.idle:
                return True
        for scale in dict.fromkeys((1.0, *map(float, node.shape if not others else ()))):
            ratio = self.chain.ratio(target, user, factor, [*others, Source(place, node, scale)])
            if ratio.constant and not ratio.idle:
                return True
        return False


def _single(place: Place, node: Node) -> bool:
    """Whether a parameter and a value are one number each, however they are wrapped."""
    return place.leaf is not None and place.leaf.value.size == 1 and node.size == 1
