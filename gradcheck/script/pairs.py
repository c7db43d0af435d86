"""Which value of the backward pass is the derivative by which variable, and whether the chain rule gives it.

Worked out from the loss towards the parameters. A value is the derivative by a variable if the chain rule, applied to
the derivatives found before it, makes it, up to a constant; names say which variable to try first, and decide where the
chain rule makes nothing of it. What is left without a role is looked through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.script.chain import Chain, Place, Ratio, Source
from gradcheck.script.flow import Flow
from gradcheck.script.names import matches, sounds_derived
from gradcheck.script.nodes import Node
from gradcheck.script.roles import Parameter

#: Variables that are tried for one derivative, at most.
TRIED = 80

#: After so many values of a line for which no variable was found, no more are looked at.
IN_VAIN = 3


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


class Pairing:
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
        self.flow, self.chain, self.forward, self.parameters, self.given = flow, chain, forward, parameters, given
        self.claims = {p.claim.index: p for p in parameters}
        updates = {n.index for p in parameters for n in p.updates}
        self.backward = sorted(flow.ancestors(self.claims, stop=updates) - forward - updates)
        self._above_claims = {i: flow.ancestors([i]) for i in self.claims}
        self.mirrors = self._mirrors()
        self.terms = self._terms()
        self.pairs: dict[int, Pair] = {}
        self._met: dict[int, int] = {}
        self._vain: dict[int, int] = {}
        self._last: dict[tuple[int, tuple[int, ...]], int] = {}
        self._places = [Place(node=flow.nodes[i]) for i in sorted(forward, reverse=True)]
        self._places += [Place(leaf=p.leaf) for p in parameters]
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

    def additive(self, node: Node, whole: Node) -> bool:
        """Whether a value goes into another as a term of a sum, perhaps times a constant."""
        base = self.chain.bases[-1]
        value = base.value(node)
        if node.size != whole.size:
            return False
        shift = self.chain._direction(value) * 1e-3
        seen = base.run([whole], node.moved(shift))
        if seen is None:
            return False
        moved = (seen[0] - base.value(whole)).ravel() / shift.ravel()
        return bool(np.ptp(moved) <= 1e-5 * np.abs(moved).max()) and bool(moved.any())

    # -- one value -----------------------------------------------------------------------------------------------------

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

    def _paired(self, node: Node) -> Pair | None:
        parameter = self.claims.get(node.index)
        sources = self.sources(node)
        if parameter is not None:
            return self._claim(node, parameter, sources)
        if node.increment or not node.plain or node.index in self.mirrors:
            return None
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

    @staticmethod
    def _names(place: Place, node: Node) -> bool:
        return matches(place.names, node.names)

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
            if source.place.node is None:
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

    def _between(self, place: Place, source: Source) -> Iterator[Place]:
        """Variables of the same shape on the way from one variable to that of a source."""
        assert source.place.node is not None
        above = self.flow.ancestors([source.place.node.index]) & self.forward
        for index in sorted(above, reverse=True):
            node = self.flow.nodes[index]
            if node.shape == source.place.shape and index != source.place.node.index and not node.increment:
                yield Place(node=node)

    # -- which variables ---------------------------------------------------------------------------------------------

    def _options(self, node: Node) -> list[Place]:
        """Variables that a value may be the derivative by, the likeliest first."""
        fitting = [p for p in self._places if p.shape == node.shape and not (p.node is not None and p.node.increment)]
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

    def _tried(self, place: Place, node: Node, sources: tuple[Source, ...]) -> Pair | None:
        if not self._quick(place, node, sources):
            return None
        pair = self._measured(place, node, sources)
        if not pair.proportional or pair.ratio.idle:
            return None
        if node.size == 1 and not (matches(place.names, node.names) or pair.ratio.right):
            return None
        return pair

    def _quick(self, place: Place, node: Node, sources: tuple[Source, ...]) -> bool:
        """Whether a few replays leave it possible that the chain rule makes the value, up to a constant."""
        base = self.chain.bases[-1]
        value = place.value(base)
        claim = base.value(node).reshape(value.shape)
        for scaled in (sources, tuple(replace(s, scale=1.0) for s in sources)):
            ratios = []
            for _ in range(2):
                along = self.chain._direction(value)
                h = 2.0**-10
                above, below = (
                    self.chain.surrogate(base, place, scaled, scaled, True, value + t * along) for t in (h, -h)
                )
                slope = (above - below) / (2 * h)
                contributions = np.linalg.norm(claim * along)
                if not np.isfinite(slope) or slope == 0 or contributions == 0:
                    break
                ratios.append((float((claim * along).sum()), slope, contributions))
            if len(ratios) == 2:
                (c1, s1, n1), (c2, s2, n2) = ratios
                if abs(c1 * s2 - c2 * s1) <= 0.02 * (n1 * abs(s2) + n2 * abs(s1)):
                    return True
            if all(s.scale == 1.0 for s in sources):
                break
        return False

    def _feeds(self, node: Node, place: Place) -> bool:
        """Whether a value goes into the update of a parameter."""
        return any(p.leaf is place.leaf and node.index in self._above_claims[i] for i, p in self.claims.items())

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

    def _as_used(self, node: Node) -> Place | None:
        """The variable that a value must be the derivative by for what is made of it to be right.

        A name that is none of a derivative has to be borne out by two parameters: that one product of a line is right
        if another is taken for a derivative happens by itself.
        """
        sure = sounds_derived(node.names)
        if self._vain.get(node.site.index, 0) >= IN_VAIN:
            return None
        borne: dict[object, tuple[Place, set[object]]] = {}
        for index, target, factor in self._uses(node):
            met = self._met.get(node.site.index)
            for place in self._fitting_below(target, node):
                if met is not None and place.node is not None and place.node.site.index != met:
                    continue
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

    def _piece(self, node: Node) -> bool:
        """Whether a value is written into a part of the gradient of a parameter."""
        reached = [p for i, p in self.claims.items() if node.index in self._above_claims[i]]
        return bool(node.container_id) and len(reached) == 1 and node.container_shape == reached[0].leaf.value.shape

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

    def _inputs(self, node: Node) -> list[int]:
        return [i for i in self.flow.parents[node.index] if i in self.backward]

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
