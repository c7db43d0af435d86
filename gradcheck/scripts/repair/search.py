"""Tries the changes of a line in the program itself."""

from __future__ import annotations

import ast
import itertools
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.judgement import Accused, Judgement
from gradcheck.scripts.chain_rule.vjp import DIRECTIONS, Place, compared
from gradcheck.scripts.graph.dataflow import Base
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.events import Diverged, Site
from gradcheck.scripts.repair.edits import additions, calls_own, edits, exchanges, replacements, slopes, swaps
from gradcheck.scripts.repair.patch import Changed, Exchange
from gradcheck.scripts.text.identifiers import sounds_derived

Array = NDArray[Any]

#: For how many seconds, in one line and in all.
PATIENCE, ALL = 2.0, 3.5

#: How well the loss has to stay as it is.
SAME = 1e-12


@dataclass(frozen=True)
class Repair:
    """A change that makes gradients right.

    Attributes
    ----------
    node : Node
        What the changed line computes, or gives on.
    site : Site
        The line.
    slug : str
        The mistake that the change undoes, if it says one.
    text : str
        The statement as it should read.
    """

    node: Node
    site: Site
    slug: str
    text: str


def repaired(analysis: Analysis, accused: Accused, names: Sequence[str]) -> Repair | None:
    """The first small change of a line with which the gradients that it made wrong are right."""
    mending = Mending(analysis, [p for p in analysis.parameters if p.name in names])
    return _first(analysis, mending, accused.node, accused.site, time.perf_counter() + PATIENCE)


def anywhere(
    analysis: Analysis, judgement: Judgement, names: Sequence[str], accused: Accused | None = None
) -> Repair | None:
    """A line of the backward pass, and a small change of it with which all gradients are right.

    Parameters
    ----------
    analysis : Analysis
    judgement : Judgement
    names : sequence of str
        Gradients that are wrong.
    accused : Accused, optional
        Whose own line no change mends.
    """
    limit = time.perf_counter() + ALL
    tried = {(accused.site.file, accused.site.line)} if accused is not None else set()
    lines = _lines(analysis, judgement, {p.claim.index for p in analysis.parameters if p.name in names})
    chosen = [line for line in lines if line.place not in tried and not judgement.cleared(line.site)]
    for few in (True, False):
        for line in sorted(chosen, key=lambda line: line.update):
            found = _first(analysis, line.mending, line.node, line.site, limit, few=few, update=line.update)
            if found is not None:
                return found
    return None


@dataclass(frozen=True)
class _Line:
    """A line of the backward pass, what it computes first, and the gradients that are made of what it computes."""

    node: Node
    site: Site
    mending: Mending
    update: bool

    @property
    def place(self) -> tuple[str, int]:
        return self.site.file, self.site.line


def _lines(analysis: Analysis, judgement: Judgement, wrong: set[int]) -> list[_Line]:
    """Lines that compute, or give on, what all wrong gradients are made of, in the order in which they are passed."""
    flow = analysis.flow
    found: dict[tuple[str, int], list[tuple[Node, Site]]] = {}
    for node in flow.nodes:
        computed = node.index in judgement.pairing.backward and (flow.parents[node.index] or sounds_derived(node.names))
        given = node.given_on if computed or node.index in analysis.forward else []
        for site in (*([node.site] if computed else []), *given):
            found.setdefault((site.file, site.line), []).append((node, site))
    lines = []
    for entries in found.values():
        below = flow.descendants([node.index for node, _ in entries])
        if wrong <= below:
            node, site = entries[0]
            mending = Mending(analysis, [p for p in analysis.parameters if p.claim.index in below])
            lines.append(_Line(node, site, mending, update=node.increment and node.rate != 1.0))
    return lines


def _first(
    analysis: Analysis,
    mending: Mending,
    node: Node,
    site: Site,
    limit: float,
    *,
    few: bool | None = None,
    update: bool = False,
) -> Repair | None:
    """The first change of a line that mends: of the few likely ones, of the others, or of all.

    An update is not made right by what is multiplied to it.
    """
    exchange = Exchange(analysis.step, site.file, site.line)
    statement = exchange.statement
    same, terms, factors = _variables(analysis, node)
    try:
        with exchange.made() as changed:
            mending.watched(changed)
            calls = calls_own(statement.part)
            likely = itertools.chain(edits(statement.part), additions(statement.part, "missing-path", ast.Add(), terms))
            others = itertools.chain(
                slopes(statement.part, [] if update else factors),
                replacements(terms),
                swaps(statement.part, same),
                exchanges(statement.part),
                additions(statement.part, "", ast.Mult(), [] if update else factors),
            )
            for edit in likely if few else others if few is False else itertools.chain(likely, others):
                if time.perf_counter() > limit:
                    break
                exchange.put(edit.part)
                with suppress(Diverged):  # a change that does not run is no repair
                    if mending.right(exchange.moved() if calls else changed):
                        return Repair(node, site, edit.slug, statement.written(edit.part))
    except (Diverged, SyntaxError):  # what can be exchanged here is not what was asked for
        pass
    return None


class Mending:
    """Gradients that should come right, with the slopes of the loss that they are held against.

    Parameters
    ----------
    analysis : Analysis
    parameters : list of Parameter
    """

    def __init__(self, analysis: Analysis, parameters: list[Parameter]) -> None:
        self.chain, self.bases, self.loss = analysis.chain, analysis.bases, analysis.loss
        self.parameters = parameters
        self._slopes: dict[tuple[int, int], list[tuple[Array, float, float]]] = {}

    def watched(self, changed: Changed) -> list[Node]:
        """Gradients and loss in a changed program. Raises Diverged if one is computed inside the statement."""
        return [changed.node(node) for node in (*[p.claim for p in self.parameters], self.loss)]

    def right(self, changed: Changed) -> bool:
        """Whether the gradients are right, and the loss is the same, in a changed program."""
        try:
            return all(self._right_at(i, base, changed) for i, base in enumerate(self.bases))
        except ValueError:  # of another shape
            return False

    def _right_at(self, number: int, base: Base, changed: Changed) -> bool:
        seen = changed.base(base).run(self.watched(changed))
        if seen is None or not all(np.isfinite(value).all() for value in seen):
            return False
        loss = base.value(self.loss)
        if not np.allclose(seen[-1], loss, rtol=SAME, atol=0):
            return False
        for i, (p, value) in enumerate(zip(self.parameters, seen, strict=False)):
            claim = p.claimed(value)
            along, slopes, bars = zip(*self._true(number, base, i), strict=True)
            claimed = [float((claim * v).sum()) for v in along]
            norms = [float(np.linalg.norm(claim * v)) for v in along]
            if not compared(claimed, slopes, bars, norms).right:
                return False
        return True

    def _true(self, number: int, base: Base, i: int) -> list[tuple[Array, float, float]]:
        """Directions, and the slope of the loss along each with its bar."""
        if (number, i) not in self._slopes:
            place = Place(leaf=self.parameters[i].leaf)
            directions = [self.chain.direction(place.value(base)) for _ in range(DIRECTIONS)]
            self._slopes[number, i] = [(v, *self.chain.slope(base, place, (), (), True, v)) for v in directions]
        return self._slopes[number, i]


def _variables(analysis: Analysis, node: Node) -> tuple[list[str], list[str], list[str]]:
    """Names of variables of a function that could stand in a line of it, and be added or multiplied to its value."""
    flow = analysis.flow
    shapes = {flow.nodes[i].shape for i in flow.parents[node.index]}
    same = [p.name for p in analysis.parameters if p.leaf.value.shape in shapes or not shapes]
    terms: list[str] = []
    factors: list[str] = []
    for other in flow.nodes:
        if other.site.function == node.site.function and other.index != node.index:
            names = [name for name in other.names if name.isidentifier()]
            same += names if other.shape in shapes else []
            if other.shape == node.shape:
                (factors if other.index in analysis.forward else terms).extend(names)
    return tuple(list(dict.fromkeys(found))[:20] for found in (same, terms, factors))  # type: ignore[return-value]
