"""Searches for an edit of a line that makes the gradients right, by trying edits in the program itself."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.blame.localisation import Localisation
from gradcheck.scripts.chain_rule.vjp import CHAIN_RULE, Pullback, Variable, proportionality
from gradcheck.scripts.graph.dataflow import BasePoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.events import Diverged, SourceLocation
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.repair.edits import (
    Edit,
    activation_slopes,
    additions,
    calls_program,
    edits,
    exchanges,
    replacements,
    substitutions,
)
from gradcheck.scripts.repair.patch import EventMap, PatchedStatement
from gradcheck.scripts.text.identifiers import looks_like_derivative
from gradcheck.scripts.text.statement import Statement


@dataclass(frozen=True)
class SearchSettings:
    """How long edits are tried, and when one counts.

    Attributes
    ----------
    line_trials, trials : int
        Edits that are tried on one line, and on all lines together.
    line_events, events : int
        The same in traced events, which bounds the time of steps with many events: an edit is replayed at least once.
    loss_tolerance : float
        The relative difference up to which the loss is the same: a few thousand roundings.
    names : int
        Variables of each kind that edits use.
    """

    line_trials: int = 400
    trials: int = 1200
    line_events: int = 800_000
    events: int = 1_500_000
    loss_tolerance: float = 1e-12
    names: int = 20


SEARCH = SearchSettings()


@dataclass(frozen=True)
class Patch:
    """An edit that makes gradients right.

    Attributes
    ----------
    node : Node
        What the line computes, or gives another name.
    location : SourceLocation
    slug : str
        The mistake that the edit undoes; empty if none in particular.
    text : str
        The statement after it.
    """

    node: Node
    location: SourceLocation
    slug: str
    text: str


class _Trials:
    """Counts the trials that are left."""

    def __init__(self, trials: int, events: int, analysis: Analysis) -> None:
        per_trial = max(len(analysis.base.trace.events), 1)
        self._left = min(trials, events // per_trial)

    @property
    def any_left(self) -> bool:
        """Whether one more trial may be made."""
        return self._left > 0

    def use(self) -> None:
        """Use up one trial."""
        self._left -= 1


def patch_line(analysis: Analysis, line: FaultyLine, names: Sequence[str]) -> Patch | None:
    """The first edit of a faulty line that makes the gradients of some parameters right."""
    test = GradientTest(analysis, [p for p in analysis.parameters if p.name in names])
    trials = _Trials(SEARCH.line_trials, SEARCH.line_events, analysis)
    place = _Place(line.node, line.location, test)
    return _first(analysis, place, trials, likely=True, others=True)


def patch_any_line(
    analysis: Analysis, localisation: Localisation, names: Sequence[str], faulty: FaultyLine | None = None
) -> Patch | None:
    """The first edit of any line of the backward pass that makes all gradients right.

    Parameters
    ----------
    analysis : Analysis
    localisation : Localisation
    names : sequence of str
        The parameters whose gradients are wrong.
    faulty : FaultyLine, optional
        A line for which no edit was found.
    """
    trials = _Trials(SEARCH.trials, SEARCH.events, analysis)
    tried = {faulty.location.place} if faulty is not None else set()
    wrong = {p.claim.index for p in analysis.parameters if p.name in names}
    places = [
        place
        for place in _places(analysis, localisation, wrong)
        if place.location.place not in tried and not localisation.is_cleared(place.location)
    ]
    places.sort(key=lambda place: place.is_update)
    for likely in (True, False):
        for place in places if trials.any_left else ():
            found = _first(analysis, place, trials, likely=likely, others=not likely)
            if found is not None:
                return found
    return None


@dataclass(frozen=True)
class _Place:
    """A line of the backward pass, what it computes first, and the gradients that are made of what it computes."""

    node: Node
    location: SourceLocation
    test: GradientTest
    is_update: bool = False


def _places(analysis: Analysis, localisation: Localisation, wrong: set[int]) -> list[_Place]:
    """Lines that compute, or rename, what all wrong gradients are made of, in the order in which they are executed."""
    graph = analysis.graph
    backward = localisation.pairing.backward.nodes
    found: dict[tuple[str, int], list[tuple[Node, SourceLocation]]] = {}
    for node in graph.nodes:
        computed = node.index in backward and (graph.predecessors[node.index] or looks_like_derivative(node.names))
        renamed = node.renamed_at if computed or node.index in analysis.forward else []
        for location in (*([node.location] if computed else []), *renamed):
            found.setdefault(location.place, []).append((node, location))
    places = []
    for entries in found.values():
        below = graph.descendants([node.index for node, _ in entries])
        if wrong <= below:
            node, location = entries[0]
            test = GradientTest(analysis, [p for p in analysis.parameters if p.claim.index in below])
            places.append(_Place(node, location, test, is_update=node.is_increment and bool(node.factors)))
    return places


def _first(analysis: Analysis, place: _Place, trials: _Trials, *, likely: bool, others: bool) -> Patch | None:
    """The first edit of a line that makes the gradients right, of likely ones, of the others, or of both."""
    node, location = place.node, place.location
    patched = PatchedStatement(analysis.step, location.file, location.line)
    statement = patched.statement
    assert isinstance(statement, Statement)
    variables = _variables(analysis, node)
    try:
        with patched.active() as unchanged:
            place.test.watched(unchanged)
            calls = calls_program(statement.expression)
            each = itertools.chain(
                _likely_edits(statement.expression, variables) if likely else (),
                _other_edits(statement.expression, variables, place.is_update) if others else (),
            )
            for edit in each:
                if not trials.any_left:
                    break
                trials.use()
                patched.put(edit.expression)
                with suppress(Diverged):  # an edit that does not run is not a repair
                    if place.test.passes(patched.event_map() if calls else unchanged):
                        return Patch(node, location, edit.slug, statement.written(edit.expression))
    except (Diverged, SyntaxError):  # the line has no statement that can be patched
        pass
    return None


def _likely_edits(expression: ast.expr, variables: _Variables) -> Iterator[Edit]:
    yield from edits(expression)
    yield from additions(expression, "missing-path", ast.Add(), variables.terms)


def _other_edits(expression: ast.expr, variables: _Variables, is_update: bool) -> Iterator[Edit]:
    """Further edits; a factor in an update is not the fix of a gradient."""
    factors = [] if is_update else variables.factors
    yield from activation_slopes(expression, factors)
    yield from replacements(variables.terms)
    yield from substitutions(expression, variables.similar)
    yield from exchanges(expression)
    yield from additions(expression, "", ast.Mult(), factors)


class GradientTest:
    """Whether gradients are right, and the loss is the same, in a patched program.

    Parameters
    ----------
    analysis : Analysis
    parameters : sequence of Parameter
    """

    def __init__(self, analysis: Analysis, parameters: Sequence[Parameter]) -> None:
        self._chain, self._bases, self._loss = analysis.chain, analysis.bases, analysis.loss
        self._parameters = parameters
        self._slopes: dict[tuple[int, int], list[tuple[Array, float, float]]] = {}

    def watched(self, events: EventMap) -> list[Node]:
        """Gradients and loss in the patched program. Raises `Diverged` if the statement itself computes one."""
        return [events.node(node) for node in (*[p.claim for p in self._parameters], self._loss)]

    def passes(self, events: EventMap) -> bool:
        """Test a patched program at all base points."""
        try:
            return all(self._passes_at(i, base, events) for i, base in enumerate(self._bases))
        except ValueError:  # a value of another shape
            return False

    def _passes_at(self, number: int, base: BasePoint, events: EventMap) -> bool:
        seen = events.base(base).run(self.watched(events))
        if seen is None or not all(np.isfinite(value).all() for value in seen):
            return False
        if not np.allclose(seen[-1], base.value(self._loss), rtol=SEARCH.loss_tolerance, atol=0):
            return False
        for i, (parameter, value) in enumerate(zip(self._parameters, seen, strict=False)):
            claim = parameter.gradient(value)
            directions, slopes, errors = zip(*self._true_slopes(number, base, i), strict=True)
            claimed = [float((claim * v).sum()) for v in directions]
            norms = [float(np.linalg.norm(claim * v)) for v in directions]
            if not proportionality(claimed, slopes, errors, norms).right:
                return False
        return True

    def _true_slopes(self, number: int, base: BasePoint, i: int) -> list[tuple[Array, float, float]]:
        """Directions, and the slope of the loss along each with its error bound."""
        if (number, i) not in self._slopes:
            pullback = Pullback(Variable(parameter=self._parameters[i].variable))
            value = pullback.variable.value(base)
            directions = [self._chain.direction(value) for _ in range(CHAIN_RULE.directions)]
            self._slopes[number, i] = [(v, *self._chain.slope(pullback, base, v)) for v in directions]
        return self._slopes[number, i]


@dataclass(frozen=True)
class _Variables:
    """Names of variables for edits of a line.

    Attributes
    ----------
    similar : list of str
        Of the shape of one that the line reads.
    terms, factors : list of str
        Of the shape of the line's value: from the backward pass, and from the forward pass.
    """

    similar: list[str]
    terms: list[str]
    factors: list[str]


def _variables(analysis: Analysis, node: Node) -> _Variables:
    """Variables of the function that contains the line of a node."""
    graph = analysis.graph
    shapes = {graph.nodes[i].shape for i in graph.predecessors[node.index]}
    similar = [p.name for p in analysis.parameters if p.variable.value.shape in shapes or not shapes]
    terms: list[str] = []
    factors: list[str] = []
    for other in graph.nodes:
        if other.location.function == node.location.function and other.index != node.index:
            names = [name for name in other.names if name.isidentifier()]
            similar += names if other.shape in shapes else []
            if other.shape == node.shape:
                (factors if other.index in analysis.forward else terms).extend(names)
    return _Variables(*(list(dict.fromkeys(found))[: SEARCH.names] for found in (similar, terms, factors)))
