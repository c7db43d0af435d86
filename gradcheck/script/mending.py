"""Tries the changes of a line in the program itself."""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.script.analysis import Analysis
from gradcheck.script.chain import DIRECTIONS, Place, compared
from gradcheck.script.events import Diverged
from gradcheck.script.exchange import Changed, Exchange
from gradcheck.script.flow import Base
from gradcheck.script.judgement import Accused
from gradcheck.script.repair import Edit, edits, swaps
from gradcheck.script.roles import Parameter

Array = NDArray[Any]

#: For how many seconds.
PATIENCE = 2.0

#: How well the loss has to stay as it is.
SAME = 1e-12


def repaired(analysis: Analysis, accused: Accused, names: list[str]) -> Edit | None:
    """The first small change of a line with which the gradients that it made wrong are right."""
    program, site = analysis.step.program, accused.site
    text = program.sources[site.file].text
    limit = time.perf_counter() + PATIENCE
    mending = Mending(analysis, [p for p in analysis.parameters if p.name in names])
    exchange = Exchange(analysis.step, site.file, site.line)
    others = _variables(analysis, accused)
    for edit in itertools.chain(edits(text, site.line), swaps(text, site.line, others)):
        if time.perf_counter() > limit:
            break
        if mending.right(exchange, edit):
            return edit
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

    def right(self, exchange: Exchange, edit: Edit) -> bool:
        """Whether the gradients are right, and the loss is the same, with an edit."""
        try:
            with exchange.of(edit.source) as changed:
                return all(self._right_at(i, base, changed) for i, base in enumerate(self.bases))
        except (Diverged, SyntaxError, KeyError, ValueError):  # a change that does not run is no repair
            return False

    def _right_at(self, number: int, base: Base, changed: Changed) -> bool:
        nodes = [changed.node(p.claim) for p in self.parameters]
        seen = changed.base(base).run([*nodes, changed.node(self.loss)])
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


def _variables(analysis: Analysis, accused: Accused) -> list[str]:
    """Names of variables of the function that a line stands in, which could stand in it as well."""
    read = [analysis.flow.nodes[i] for i in analysis.flow.parents[accused.node.index]]
    shapes = {node.shape for node in read}
    found = []
    for node in analysis.flow.nodes:
        if node.site.function == accused.site.function and node.index != accused.node.index and node.shape in shapes:
            found += [name for name in node.names if name.isidentifier()]
    return list(dict.fromkeys(found))[:20]
