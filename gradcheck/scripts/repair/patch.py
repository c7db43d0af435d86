"""A program with one statement changed, in place: what it did before its step is not done again.

The statement is compiled anew once, so that it asks the tape what to compute; what that is can then be changed at will.
"""

from __future__ import annotations

import ast
import copy
import gc
import itertools
import types
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gradcheck.scripts.graph.dataflow import Base
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import Diverged, Site
from gradcheck.scripts.instrument.expressions import TAPE
from gradcheck.scripts.instrument.statements import Taps, Unit
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.statement import Statement


@dataclass(frozen=True)
class Changed:
    """What became of the events of a step when a statement was changed.

    Attributes
    ----------
    events : dict of int to int
        Those that come at another place.
    """

    events: Mapping[int, int]

    def node(self, node: Node) -> Node:
        """A node of the program as it was. Raises Diverged if it is no more."""
        return replace(node, events=tuple(self._now(e) for e in node.events))

    def base(self, base: Base) -> Base:
        """The same point of the changed program."""
        neutral = {self._now(e): path for e, path in base.neutral.items()}
        keys = {self._now(e): key for e, key in base.neutral_keys.items()}
        return replace(base, neutral=neutral, neutral_keys=keys)

    def _now(self, event: int) -> int:
        if event not in self.events:
            raise Diverged(f"event {event} is inside what was exchanged")
        return self.events[event]


class Exchange:
    """Takes over what the statement in a line computes, in the functions or the body of the loop that it stands in.

    Parameters
    ----------
    step : Step
    file : str
    line : int

    Attributes
    ----------
    statement : Statement
        As it is written. `put` says what is to be computed instead of its part.
    """

    def __init__(self, step: Step, file: str, line: int) -> None:
        self.step, self.file, self.line = step, file, line
        self._text = step.program.sources[file].text
        self.statement = Statement(ast.parse(self._text, file), line)
        loop = step.loop
        self.inside = file == loop.file and loop.node.body[0].lineno <= line <= (loop.node.end_lineno or 0)
        self.unit = step.unit if self.inside else step.program.units[file]
        self._places: Mapping[int, int] = {}
        self._layout: Sequence[int] = []

    def put(self, part: ast.expr) -> None:
        """Have something else computed from now on."""
        whole = ast.Expression(ast.copy_location(copy.deepcopy(part), self.statement.part))
        self.step.tape.instead = compile(ast.fix_missing_locations(whole), self.file, "eval")

    @contextmanager
    def made(self) -> Iterator[Changed]:
        """The program whose statement computes what is `put`; at first what it always did.

        Raises
        ------
        Diverged
            If there is no such statement, or it is in no function that is left.
        """
        if self.statement.node is None:
            raise Diverged(f"line {self.line} of {self.file} has no value")
        tape = self.step.tape
        count, layout, events = len(tape.sites), tape.layout, tape.events
        exchanged: list[tuple[types.FunctionType, types.CodeType]] = []
        try:
            self.put(self.statement.part)
            unit = self._compiled()
            for old, new in _around(self.unit.code, unit.code, self.line):
                for function in _functions(old):
                    function.__code__ = new
                    exchanged.append((function, old))
            if not exchanged:
                raise Diverged(f"line {self.line} of {self.file} is in no function that is left")
            self._places = _aligned([tape.sites[i] for i in self.unit.sites], [tape.sites[i] for i in unit.sites])
            self._layout = layout or []
            yield self.moved()
        finally:
            for function, code in exchanged:
                function.__code__ = code
            tape.layout, tape.events, tape.instead = layout, events, None
            del tape.sites[count:]

    def _compiled(self) -> Unit:
        tree = ast.parse(self._text, self.file)
        scope, variables = (ast.Call(ast.Name(f, ast.Load()), [], []) for f in ("globals", "locals"))
        hook = ast.Attribute(ast.Name(TAPE, ast.Load()), "computed", ast.Load())
        statement = Statement(tree, self.line)
        nothing = ast.arguments([], [], None, [], [], None, [])
        as_it_was = ast.Lambda(nothing, copy.deepcopy(statement.part))  # never called: it keeps what a closure holds
        call = ast.copy_location(ast.Call(hook, [scope, variables, as_it_was], []), statement.part)
        statement.put(ast.fix_missing_locations(call))
        if self.inside:
            mine = self.step.loop.node
            place = (type(mine), mine.lineno, mine.col_offset)
            loop = next(n for n in ast.walk(tree) if _place(n) == place)
            return self.step.compiled(loop, self._text)[1]
        sites = self.step.tape.sites
        start = len(sites)
        tapped = ast.fix_missing_locations(Taps(self.file, self._text, sites).visit(tree))
        return Unit(compile(tapped, self.file, "exec", dont_inherit=True), range(start, len(sites)))

    def moved(self) -> Changed:
        """Where the events are in a run of the program as it is now: it may call other functions than it did.

        Raises Diverged if it fails. Functions that stay pass by the sites that they did.
        """
        found = self.step.retraced()
        if found is None:
            raise Diverged(f"line {self.line} of {self.file}: the changed program fails")
        now: dict[int, list[int]] = defaultdict(list)
        for event in found:
            now[event.site.index].append(event.index)
        before: dict[int, int] = defaultdict(int)
        events = {}
        for i, site in enumerate(self._layout):
            there = now[site] or now[self._places.get(site, site)]
            if before[site] < len(there):
                events[i] = there[before[site]]
            before[site] += 1
        return Changed(events)


def _functions(code: types.CodeType) -> list[types.FunctionType]:
    """Functions that run some code."""
    return [f for f in gc.get_referrers(code) if isinstance(f, types.FunctionType) and f.__code__ is code]


def _place(node: ast.AST) -> tuple[type, int, int]:
    return type(node), getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _around(old: types.CodeType, new: types.CodeType, line: int) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """Code and its successor, from the outermost to the innermost that a line stands in."""
    yield old, new
    for before, after in zip(_inner(old), _inner(new), strict=False):
        if line in _lines(before):
            yield from _around(before, after, line)


def _inner(code: types.CodeType) -> list[types.CodeType]:
    found = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return sorted(found, key=lambda c: (c.co_firstlineno, c.co_name))


def _lines(code: types.CodeType) -> range:
    """From the first line to the last, those of inner functions included."""
    lines = [line for *_, line in code.co_lines() if line] + [line for c in _inner(code) for line in _lines(c)]
    return range(code.co_firstlineno, max(lines, default=code.co_firstlineno) + 1)


def _aligned(old: Sequence[Site], new: Sequence[Site]) -> dict[int, int]:
    """Which site is which: all outside the statement, and those inside it if there are as many."""
    ahead = _common(old, new)
    behind = _common(old[ahead:][::-1], new[ahead:][::-1])
    pairs = [*zip(old[:ahead], new[:ahead], strict=True)]
    pairs += zip(old[len(old) - behind :], new[len(new) - behind :], strict=True)
    middle, instead = old[ahead : len(old) - behind], new[ahead : len(new) - behind]
    if [site.kind for site in middle] == [site.kind for site in instead]:
        pairs += zip(middle, instead, strict=True)
    else:
        pairs += [(a, b) for a, b in itertools.product(middle, instead) if _key(a) == _key(b)]
    return {a.index: b.index for a, b in pairs}


def _common(old: Sequence[Site], new: Sequence[Site]) -> int:
    """How many sites are the same from the start on."""
    same = itertools.takewhile(lambda pair: _key(pair[0]) == _key(pair[1]), zip(old, new, strict=False))
    return sum(1 for _ in same)


def _key(site: Site) -> tuple[int, str, str]:
    return site.line, site.kind, site.target
