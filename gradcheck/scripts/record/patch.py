"""Patches one expression of a running program in place, so that what ran before its step does not run again.

Its statement is compiled once, so that it asks the tracer what to compute. That can then be changed at will.
"""

from __future__ import annotations

import ast
import itertools
import types
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gradcheck.scripts.graph.dataflow import BasePoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import Diverged, SourceLocation
from gradcheck.scripts.instrument.expressions import tracer_call
from gradcheck.scripts.instrument.statements import CompiledUnit, instrument
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.statement import ExpressionAt
from gradcheck.scripts.text.syntax import copied
from gradcheck.scripts.text.training_loop import find_loop

#: Methods of arrays.
_METHODS = {"dot", "sum", "mean", "reshape", "transpose", "copy", "astype", "ravel", "max", "min", "squeeze", "flatten"}

#: Names that are not variables of the program.
_LIBRARIES = ("np", "numpy", "math", "random", "scipy", "range", "len")


@dataclass(frozen=True)
class EventMap:
    """Where the events of a step are in the patched program.

    Attributes
    ----------
    events : dict of int to int
        Events that the expression itself no longer has are missing.
    """

    events: Mapping[int, int]

    def node(self, node: Node) -> Node:
        """A node in the patched program. Raises `Diverged` if it is not there."""
        return replace(node, events=tuple(self._now(e) for e in node.events))

    def base(self, base: BasePoint) -> BasePoint:
        """A base point of the patched program."""
        return replace(base, suppressed={self._now(e): update for e, update in base.suppressed.items()})

    def _now(self, event: int) -> int:
        if event not in self.events:
            raise Diverged(f"event {event} is inside the patched expression")
        return self.events[event]


class PatchedExpression:
    """Replaces what an expression computes, in functions and in the body of the loop.

    Parameters
    ----------
    step : Step
    file : str
    span : tuple of int
        First line and column, last line and column.

    Attributes
    ----------
    original : ExpressionAt
        As it is written.
    """

    def __init__(self, step: Step, file: str, span: tuple[int, int, int, int]) -> None:
        self._step, self._file, self._line, self._span = step, file, span[0], span
        self._source = step.program.sources[file]
        self.original = ExpressionAt(self._source.tree(), span)
        loop = step.loop
        self._in_body = file == loop.file and loop.node.body[0].lineno <= self._line <= (loop.node.end_lineno or 0)
        self._unit = step.unit if self._in_body else step.program.units[file]
        self._locations: Mapping[int, int] = {}
        self._layout: Sequence[int] = []

    def put(self, expression: ast.expr) -> None:
        """Compute another expression from now on."""
        whole = ast.Expression(ast.copy_location(copied(expression), self.original.expression))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of an edit that makes no sense
            code = compile(ast.fix_missing_locations(whole), self._file, "eval")
        self._step.tracer.use_patch(code)

    @contextmanager
    def active(self) -> Iterator[EventMap]:
        """Let the expression be what is `put`; at first, what it always was.

        Raises
        ------
        Diverged
            If there is no such expression, or no function that still exists contains it.
        """
        if self.original.node is None:
            raise Diverged(f"line {self._line} of {self._file} has no such expression")
        tracer = self._step.tracer
        patched: list[tuple[types.FunctionType, types.CodeType]] = []
        with tracer.preserved():
            self._layout = tracer.layout or []
            try:
                self.put(self.original.expression)
                unit = self._compile()
                for old, new in _around(self._unit.code, unit.code, self._line):
                    for function in self._step.functions.running(old):
                        function.__code__ = new
                        patched.append((function, old))
                if not patched:
                    raise Diverged(f"no function that still exists contains line {self._line} of {self._file}")
                before, after = ([tracer.locations[i] for i in u.locations] for u in (self._unit, unit))
                self._locations = _aligned(before, after)
                yield self.event_map()
            finally:
                for function, code in patched:
                    function.__code__ = code

    def _compile(self) -> CompiledUnit:
        """The code of the statement's source, or of the body of the loop, with the patched statement."""
        tree = self._source.tree()
        scope, variables = (ast.Call(ast.Name(f, ast.Load()), [], []) for f in ("globals", "locals"))
        statement = ExpressionAt(tree, self._span)
        no_arguments = ast.arguments([], [], None, [], [], None, [])
        # the lambda is never called: it makes the variables of the expression part of the closure
        original = ast.Lambda(no_arguments, copied(statement.expression))
        call = ast.copy_location(tracer_call("patched", scope, variables, original), statement.expression)
        statement.replace(ast.fix_missing_locations(call))
        if self._in_body:
            loop = find_loop(tree, self._step.loop.node)
            return self._step.compile_variant(loop, self._source.text)
        tracer = self._step.tracer
        instrumented = instrument(tree, self._source, len(tracer.locations))
        tracer.add_locations(instrumented.locations)
        return instrumented.unit

    def event_map(self) -> EventMap:
        """Where the events are in a run of the program as it is now. Raises `Diverged` if the run fails.

        The patched program may call other functions. Functions that it still calls keep their locations.
        """
        found = self._step.trace_again()
        if found is None:
            raise Diverged(f"line {self._line} of {self._file}: the patched program fails")
        now: dict[int, list[int]] = defaultdict(list)
        for event in found:
            now[event.location.index].append(event.index)
        count: dict[int, int] = defaultdict(int)
        events = {}
        for i, location in enumerate(self._layout):
            there = now[location] or now[self._locations.get(location, location)]
            if count[location] < len(there):
                events[i] = there[count[location]]
            count[location] += 1
        return EventMap(events)


def calls_program(expression: ast.expr) -> bool:
    """Whether an expression may call functions of the program, which an edit may leave out."""
    functions = [n.func for n in ast.walk(expression) if isinstance(n, ast.Call)]
    return any(not _is_library(f) and getattr(f, "attr", "") not in _METHODS for f in functions)


def _is_library(node: ast.expr) -> bool:
    """Whether an expression belongs to a library, or is not written with names at all."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return not isinstance(node, ast.Name) or node.id in _LIBRARIES


def _around(old: types.CodeType, new: types.CodeType, line: int) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """Code that contains a line, and its new version, from the outermost to the innermost."""
    yield old, new
    for before, after in _paired(_inner(old), _inner(new)):
        if line in _lines(before):
            yield from _around(before, after, line)


def _paired(
    old: Sequence[types.CodeType], new: Sequence[types.CodeType]
) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """Inner functions of two versions, by name and place: one version may have lambdas that the other lacks."""
    left = defaultdict(list)
    for code in new:
        left[code.co_name, code.co_firstlineno].append(code)
    for code in old:
        alike = left[code.co_name, code.co_firstlineno]
        if alike:
            yield code, alike.pop(0)


def _inner(code: types.CodeType) -> list[types.CodeType]:
    return [c for c in code.co_consts if isinstance(c, types.CodeType)]


def _lines(code: types.CodeType) -> range:
    """From the first line to the last, inner functions included."""
    lines = [line for *_, line in code.co_lines() if line] + [line for c in _inner(code) for line in _lines(c)]
    return range(code.co_firstlineno, max(lines, default=code.co_firstlineno) + 1)


def _aligned(old: Sequence[SourceLocation], new: Sequence[SourceLocation]) -> dict[int, int]:
    """Which location is which: all outside the statement, and those inside if there are as many of each kind."""
    ahead = _common(old, new)
    behind = _common(old[ahead:][::-1], new[ahead:][::-1])
    pairs = [*zip(old[:ahead], new[:ahead], strict=True)]
    pairs += zip(old[len(old) - behind :], new[len(new) - behind :], strict=True)
    before, after = old[ahead : len(old) - behind], new[ahead : len(new) - behind]
    if [location.kind for location in before] == [location.kind for location in after]:
        pairs += zip(before, after, strict=True)
    else:
        pairs += [(a, b) for a, b in itertools.product(before, after) if _key(a) == _key(b)]
    return {a.index: b.index for a, b in pairs}


def _common(old: Sequence[SourceLocation], new: Sequence[SourceLocation]) -> int:
    """How many locations are the same from the start on."""
    same = itertools.takewhile(lambda pair: _key(pair[0]) == _key(pair[1]), zip(old, new, strict=False))
    return sum(1 for _ in same)


def _key(location: SourceLocation) -> tuple[int, str, str]:
    return location.line, location.kind, location.target
