"""Separates learning rates from gradients, by dataflow: which numbers an update multiplies the gradient with.

A rate is a factor that is multiplied in where a parameter is updated, whatever it is called and however it is written.
Which of several factors belong to the gradient, as 1/m may, is decided for all parameters at once: a factor of one
value is a rate in all updates or in none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.graph.slopes import SLOPES, RandomLine, equal_slopes
from gradcheck.scripts.instrument.events import Factor


@dataclass(frozen=True)
class RateSettings:
    """When factors are rates.

    Attributes
    ----------
    parallel : float
        The relative norm of what is left of a value without its component along another, if it is a multiple of it.
    constant : float
        Relative difference of two multiples up to which they are one constant.
    factors : int
        Factors of different values that are tried as rates, or as parts of the gradient, in all combinations.
    links : int
        Values between a gradient and its update.
    """

    parallel: float = 1e-9
    constant: float = 1e-9
    factors: int = 6
    links: int = 8


RATES = RateSettings()

_Key = tuple[float, int]


@dataclass(frozen=True)
class _Link:
    """A value of which an update is a constant multiple.

    Attributes
    ----------
    node : Node
    multiple : float
        What is subtracted from the parameter, divided by the value.
    factors : tuple of Factor
        The numbers in it that do not depend on parameters, and that belong to the update, not to the gradient.
    """

    node: Node
    multiple: float
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class RatedParameters:
    """Parameters whose gradients are free of rates.

    Attributes
    ----------
    parameters : tuple of Parameter
    is_right : bool
        Whether all gradients together are right along a line.
    ascends : bool
        Whether the program adds the gradient of the number that was taken as its loss, and so maximises it.
    early_rate : tuple of (Node, float) or None
        A line of the backward pass that multiplies in a rate for all gradients, and that rate.
    common : float or None
        The one number, other than 1, that all gradients are too large by.
    flat : bool
        Whether the loss has one and the same value on either side of all points, although the gradients are not zero.
    """

    parameters: tuple[Parameter, ...]
    is_right: bool = False
    ascends: bool = False
    early_rate: tuple[Node, float] | None = None
    common: float | None = None
    flat: bool = False


def without_rates(
    graph: DataflowGraph,
    bases: Sequence[BasePoint],
    loss: Node,
    parameters: Sequence[Parameter],
    forward: set[int],
    given: set[str],
) -> RatedParameters:
    """The parameters with the factors of their claims changed so that rates are left out.

    Parameters
    ----------
    graph : DataflowGraph
    bases : sequence of BasePoint
    loss : Node
    parameters : sequence of Parameter
    forward : set of int
        Nodes that the loss depends on.
    given : set of str
        Parameters whose gradient the user named: it is taken as it is.
    """
    chains = [
        [_Link(p.claim, p.factor, ())] if p.name in given or not p.updates else _chain(graph, bases, p, forward)
        for p in parameters
    ]
    return _Rates(graph, bases, loss, parameters, chains).resolved(forward)


def _chain(graph: DataflowGraph, bases: Sequence[BasePoint], parameter: Parameter, forward: set[int]) -> list[_Link]:
    """The claim, and values behind it that it is a constant multiple of, the nearest first."""
    node, multiple = parameter.claim, parameter.factor
    links = [_Link(node, multiple, _constant_factors(bases, node))]
    own = {n.index for n in parameter.updates} | {node.index}
    while len(links) < RATES.links:
        sources = [graph.nodes[i] for i in graph.predecessors[node.index] if i not in forward and i not in own]
        found = [(s, c) for s in sources if s.size == node.size and (c := _constant_multiple(bases, node, s))]
        if len(found) != 1:
            break
        node, multiple = found[0][0], multiple * found[0][1]
        own.add(node.index)
        links.append(_Link(node, multiple, _constant_factors(bases, node)))
    return _of_update(links)


def _of_update(links: Sequence[_Link]) -> list[_Link]:
    """The links with the factors that belong to the update: those of the update itself, if there are any, or else those
    of the line before it, unless these are literals or integers in a line that computes more than a multiple.
    """
    found: list[_Link] = []
    is_over = False
    for i, link in enumerate(links):
        last = i + 1 == len(links)
        factors = () if is_over else link.factors
        if not link.node.is_increment:
            factors = tuple(f for f in factors if not f.whole and (not f.literal or not last))
        is_over |= any(not f.whole for f in factors)
        found.append(replace(link, factors=factors))
    return found


def _constant_factors(bases: Sequence[BasePoint], node: Node) -> tuple[Factor, ...]:
    """The factors of a node that are the same wherever the parameters are."""
    there = [base.trace.events[node.first].factors for base in bases[1:]]
    return tuple(f for i, f in enumerate(node.factors) if all(i < len(other) and other[i] == f for other in there))


def _constant_multiple(bases: Sequence[BasePoint], node: Node, source: Node) -> float | None:
    """The node divided by a source, if that is one number at all base points."""
    multiples = []
    for base in bases:
        value, other = base.value(node).ravel(), base.value(source).ravel()
        length = float(other @ other)
        if not (0 < length < math.inf) or not np.isfinite(value).all():
            return None
        multiple = float(value @ other) / length
        if not np.linalg.norm(value - multiple * other) <= RATES.parallel * np.linalg.norm(value):
            return None
        multiples.append(multiple)
    same = all(math.isclose(m, multiples[0], rel_tol=RATES.constant) for m in multiples)
    return multiples[0] if same and multiples[0] else None


class _Rates:
    """Decides which factors are rates."""

    def __init__(
        self,
        graph: DataflowGraph,
        bases: Sequence[BasePoint],
        loss: Node,
        parameters: Sequence[Parameter],
        chains: Sequence[Sequence[_Link]],
    ) -> None:
        self._graph, self._bases, self._loss = graph, list(bases), loss
        self._parameters, self._chains = list(parameters), [list(chain) for chain in chains]

    def resolved(self, forward: set[int]) -> RatedParameters:
        """The parameters without rates."""
        keys = list(dict.fromkeys(_key(f) for chain in self._chains for link in chain for f in link.factors))
        usual = self._usual(keys)
        plain = [self._options(i, usual)[0] for i in range(len(self._parameters))]
        everything = range(len(self._parameters))
        lines = [RandomLine(self._graph, base, self._loss, self._parameters) for base in reversed(self._bases)]
        for line in lines:  # a kink close to one point is not close to the other
            slope, found = (
                line.slope(everything),
                sum(_claimed(line, i, option) for i, option in enumerate(plain)),
            )
            if equal_slopes(found, slope):
                return RatedParameters(self._with(plain), is_right=True)
            if equal_slopes(found, -slope) and self._adds_gradient():
                return RatedParameters(self._with(plain, sign=-1.0), is_right=True, ascends=True)
        if all(line.is_flat(everything) for line in lines):
            return RatedParameters(self._with(plain), flat=True)
        line = lines[0]
        slopes = [line.slope([i]) for i in everything]
        chosen = self._best(keys, usual, line, slopes)
        turned = all(equal_slopes(_claimed(line, i, option), -slopes[i]) for i, option in enumerate(chosen))
        if turned and self._adds_gradient():
            return RatedParameters(self._with(chosen, sign=-1.0), is_right=True, ascends=True)
        return self._with_early_rate(chosen, forward)

    # -- which factors are rates ---------------------------------------------------------------------------------------

    def _usual(self, keys: Sequence[_Key]) -> frozenset[_Key]:
        """The factors that are rates if nothing speaks against it: variables that are no integers, or else literals."""
        factors = {_key(f): f for chain in self._chains for link in chain for f in link.factors}
        found = set()
        for chain in self._chains:
            own = [f for link in chain for f in link.factors if f.value != -1]
            variables = [f for f in own if not f.literal and not f.whole]
            literals = [f for f in own if f.literal]
            found |= {_key(f) for f in variables or [f for f in literals if not f.whole] or literals}
        return frozenset(found | {key for key in factors if key[0] == -1})

    def _options(self, i: int, rates: frozenset[_Key]) -> list[tuple[_Link, float]]:
        """Values that may be the gradient of a parameter, each with what it has to be multiplied with, the likeliest
        first.
        """
        chain = self._chains[i]
        found: list[tuple[_Link, float]] = []
        for k, link in enumerate(chain):
            if k and not self._may_be_behind(chain[:k], link, rates):
                break
            left_out = [f for later in chain[k:] for f in later.factors if _key(f) in rates]
            size = math.prod(abs(f.multiple) for f in left_out)
            found.append((link, math.copysign(1.0 / size, link.multiple)))
        chain = chain[: len(found)]
        first = next((k for k, link in enumerate(chain) if any(_key(f) in rates for f in link.factors)), 0)
        if first == 0 and not any(_key(f) in rates for f in chain[0].factors):
            first = next((k + 1 for k in range(len(chain) - 1) if _is_scaling(chain[k], chain[k + 1])), 0)
        return [found[first], *found[:first], *found[first + 1 :]]

    def _may_be_behind(self, nearer: Sequence[_Link], source: _Link, rates: frozenset[_Key]) -> bool:
        """Whether a value is a source times rates, or times what the source code does not show as a product.

        What is not shown is no rate if the update, or a line before it, has one already.
        """
        link = nearer[-1]
        scaled = abs(source.multiple / link.multiple)
        if link.node.factors:
            return equal_slopes(scaled, math.prod(abs(f.multiple) for f in link.factors if _key(f) in rates))
        rated = any(not f.whole and f.value != -1 for each in nearer for f in each.factors)
        return not rated or not _is_scaling(link, source)

    def _best(
        self, keys: Sequence[_Key], usual: frozenset[_Key], line: RandomLine, slopes: Sequence[float]
    ) -> list[tuple[_Link, float]]:
        """Of all choices of rates, the one with which most gradients are right, most of them by the choice alone.

        One with which all gradients are off by one factor is as good as one with which all but two are right.
        """
        best: list[tuple[_Link, float]] = []
        most = (-1, -1, -1)
        for rates in self._choices(keys, usual):
            chosen, right, plain = [], 0, 0
            for i, slope in enumerate(slopes):
                options = self._options(i, rates)
                good = [
                    o
                    for o in options
                    if equal_slopes(abs(_claimed(line, i, o)), abs(slope)) and self._has_rate(i, rates)
                ]
                right += bool(good)
                plain += options[0] in good
                chosen.append((good or options)[0])
            plainly = [self._options(i, rates)[0] for i in range(len(slopes))]
            agreeing = _most_equal(_claimed(line, i, o) / s for i, (o, s) in _sloped(plainly, slopes))
            if right <= agreeing - 2 and agreeing == len(slopes):
                chosen, right, plain = plainly, agreeing - 2, agreeing
            if (right, plain, agreeing) > most:
                best, most = chosen, (right, plain, agreeing)
        return best

    def _choices(self, keys: Sequence[_Key], usual: frozenset[_Key]) -> Iterator[frozenset[_Key]]:
        """The usual rates, those of them that all updates have, and all other choices, those that differ least first.

        Where weights are numbers in lists, each update has an input of its own as a factor: too many to try all.
        """
        free = [key for key in keys if key[0] != -1][: RATES.factors]
        yield usual
        shared = [{_key(f) for link in chain for f in link.factors} for chain in self._chains]
        yield frozenset(key for key in usual if key[0] == -1 or all(key in own for own in shared))
        for count in range(1, len(free) + 1):
            for changed in itertools.combinations(free, count):
                yield usual ^ set(changed)

    def _has_rate(self, i: int, rates: frozenset[_Key]) -> bool:
        """Whether an update that multiplies with something else than integers has a rate left."""
        factors = [f for link in self._chains[i] for f in link.factors]
        possible = [f for f in factors if not f.whole]
        return not possible or any(_key(f) in rates for f in factors if f.value != -1) or self._is_shared(possible)

    def _is_shared(self, factors: Sequence[Factor]) -> bool:
        """Whether the loss depends on a variable that has the value of one of some factors."""
        values = {f.value for f in factors if not f.literal}
        base, own = self._bases[0], {p.variable.path for p in self._parameters}
        for path, variable in base.trace.before.items():
            alike = variable.value.size == 1 and float(variable.value.sum()) in values
            if alike and path not in own and variable.is_writable:
                shifted = {path: variable.value * (1 + SLOPES.steps[0])}
                seen = base.run([self._loss], values=shifted)
                if seen is not None and not np.array_equal(seen[0], base.value(self._loss)):
                    return True
        return False

    # -- ascent and rates inside the backward pass ---------------------------------------------------------------------

    def _adds_gradient(self) -> bool:
        """Whether each update adds a value that is the gradient itself, and does not subtract one of the wrong sign."""
        return all(self._orientation(chain) < 0 for chain in self._chains)

    def _orientation(self, chain: Sequence[_Link]) -> float:
        """1 if an update subtracts the first named value that it is a multiple of, and -1 if it adds it."""
        named = [link for link in chain[1:] if link.node.is_named]
        if named:
            return math.copysign(1.0, named[-1].multiple)
        minus = sum(f.value == -1 for f in chain[0].factors)
        return math.copysign(1.0, chain[0].multiple) * (-1.0 if minus % 2 else 1.0)

    def _with_early_rate(self, chosen: Sequence[tuple[_Link, float]], forward: set[int]) -> RatedParameters:
        """The parameters, without a rate that the backward pass has multiplied into all gradients already."""
        common = self._common(chosen)
        if common is None or equal_slopes(common, 1.0):
            return RatedParameters(self._with(chosen), is_right=common is not None)
        above = [self._graph.ancestors([link.node.index]) for link, _ in chosen]
        for index in sorted(set.intersection(*above) - forward):
            node = self._graph.nodes[index]
            variables = [f for f in node.factors if not f.literal and not f.whole]
            size = math.prod(abs(f.multiple) for f in variables)
            if variables and equal_slopes(size, common) and not self._is_shared(variables):
                return RatedParameters(self._with(chosen, scale=1.0 / common), is_right=True, early_rate=(node, size))
        return RatedParameters(self._with(chosen), common=common)

    def _common(self, chosen: Sequence[tuple[_Link, float]]) -> float | None:
        """The one number that all gradients are too large by, along two lines at each base point; None if none is."""
        found: list[float] = []
        is_exact = True
        for base in self._bases:
            for _ in range(2):
                line = RandomLine(self._graph, base, self._loss, self._parameters)
                for i, option in enumerate(chosen):
                    exact = line.exact_slope(i) if base is self._bases[0] and is_exact else None
                    is_exact &= exact is not None or base is not self._bases[0]
                    nearly = is_exact and base is not self._bases[0]
                    measured = line.short_slope(i) if nearly else line.slope([i])
                    slope = measured if exact is None else exact
                    if nearly and not equal_slopes(_claimed(line, i, option), found[0] * slope, nearly=True):
                        slope = line.slope([i])
                    found.append(_claimed(line, i, option) / slope if slope else math.nan)
                    if not found[0]:  # gradients of zero are no multiple
                        return None
                    if not equal_slopes(found[-1], found[0], nearly=nearly):
                        return None
        nearest = round(found[0])
        return float(nearest) if nearest and equal_slopes(found[0], nearest) else found[0]

    def _with(
        self, chosen: Sequence[tuple[_Link, float]], sign: float = 1.0, scale: float = 1.0
    ) -> tuple[Parameter, ...]:
        return tuple(
            replace(p, claim=link.node, factor=sign * scale * factor)
            for p, (link, factor) in zip(self._parameters, chosen, strict=True)
        )


def _sloped(
    chosen: Sequence[tuple[_Link, float]], slopes: Sequence[float]
) -> Iterator[tuple[int, tuple[tuple[_Link, float], float]]]:
    """The options of parameters along which the loss has a slope, with that slope, by the number of the parameter."""
    return ((i, pair) for i, pair in enumerate(zip(chosen, slopes, strict=True)) if pair[1] and math.isfinite(pair[1]))


def _most_equal(ratios: Iterable[float]) -> int:
    """How many of some numbers are one and the same."""
    most, run, before = 0, 0, math.nan
    for ratio in sorted(ratios):
        run = run + 1 if equal_slopes(ratio, before) else 1
        most, before = max(most, run), ratio
    return most


def _key(factor: Factor) -> _Key:
    return factor.value, factor.power


def _is_scaling(link: _Link, source: _Link) -> bool:
    """Whether a value is another one times a number other than 1."""
    return not math.isclose(abs(source.multiple / link.multiple), 1.0, rel_tol=RATES.constant)


def _claimed(line: RandomLine, i: int, option: tuple[_Link, float]) -> float:
    """The slope that a value, times a number, has as the gradient of a parameter."""
    return line.claimed(i, option[0].node, option[1])
