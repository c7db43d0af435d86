"""Puts a changed version of one of the user's functions in place for a while.

Only the function that the change is in is compiled, many times, and not its file: with the heads of the classes around
it, so that names and ``super()`` mean what they did, and at its place, so that its lines keep their numbers.
"""

from __future__ import annotations

import ast
import types
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gradcheck.recording.functions import ReachableFunctions
from gradcheck.recording.program import (
    bound_to,
    codes_in,
    flags_of,
    is_followed,
    parsed,
    same_but_for_assertions,
    source_of,
)
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Span, rows_of, span_of
from gradcheck.recording.trial import Trial, guarded


class Watched:
    """The user's functions, which are run by way of a trial while one of them is changed.

    Parameters
    ----------
    functions : ReachableFunctions
    trial : Trial
        Keeps what is changed from running without end.
    """

    def __init__(self, functions: ReachableFunctions, trial: Trial) -> None:
        self._functions, self.trial = functions, trial
        self._codes: list[tuple[types.FunctionType, types.CodeType]] | None = None

    def of(self, file: str) -> list[types.FunctionType]:
        """The functions of a file."""
        return self._functions.of(file)

    def codes(self) -> list[tuple[types.FunctionType, types.CodeType]]:
        """The functions, each with the code that it runs then: a change may keep loops of any of them from ending."""
        if self._codes is None:
            files = [each for each in self._functions.files if is_followed(each)]
            self._codes = [pair for file in files for pair in self._codes_of(file)]
        return self._codes

    def _codes_of(self, file: str) -> Iterator[tuple[types.FunctionType, types.CodeType]]:
        before, after = _watched(file, source_of(file))
        places = list(_places(self.of(file), before))
        new = {k: bound_to(after[k], self.trial) for k in {k for _, k in places}}
        return ((function, new[k]) for function, k in places if after[k] != before[k])


class Editor:
    """Puts a changed version of a function in place for a while.

    Parameters
    ----------
    file : str
    rows : range
        The lines that are changed.
    functions : Watched

    Attributes
    ----------
    text : str
        The source of the statement of the module around these lines, at its place: all other lines are empty.
    compiled_text : str
        The part of the source that is compiled for each change, at its place.
    work : float
        What one change costs, in operations.

    Raises
    ------
    SyntaxError
    ValueError
        If no function runs the code at these lines.
    """

    def __init__(self, file: str, rows: range, functions: Watched) -> None:
        self._file, self._rows, self._trial = file, rows, functions.trial
        source, own = source_of(file), functions.of(file)
        self._flags = flags_of(source)
        self.text = statement_around(source, rows[0])
        self._before: list[types.CodeType] = []
        self._edited: list[tuple[types.FunctionType, int]] = []
        for part in dict.fromkeys((function_around(source, rows[0]), self.text, source)):
            self.compiled_text = part
            self._before = list(codes_in(compile(part, file, "exec", self._flags, dont_inherit=True)))
            self._edited = [(each, k) for each, k in _places(own, self._before) if rows[0] in _lines(self._before[k])]
            if self._edited:
                break
        else:
            raise ValueError("no function runs these lines")
        self._tree = guarded(ast.parse(self.compiled_text, file), rows)
        self.work = RECORDING.work_of_edit + RECORDING.work_of_node * sum(1 for _ in ast.walk(self._tree))
        self._places: dict[Span, _Place] = {}
        edited = {id(function) for function, _ in self._edited}
        self._others = [(function, code) for function, code in functions.codes() if id(function) not in edited]

    def compiled(self, span: Span, new: str) -> list[types.CodeType]:
        """The codes of the changed function, and of those inside of it, with another text at a place.

        Raises
        ------
        SyntaxError
        ValueError
            If the text has other functions.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of a change that makes no sense
            warnings.simplefilter("ignore", DeprecationWarning)
            with self._with(span, new) as tree:
                whole = compile(tree, self._file, "exec", self._flags, dont_inherit=True)
            after = list(codes_in(bound_to(whole, self._trial)))
        if len(after) != len(self._before):
            raise ValueError("the change adds or removes a function")
        return after

    @contextmanager
    def _with(self, span: Span, new: str) -> Iterator[ast.Module]:
        """The tree with another expression, or another statement, at a place."""
        if span not in self._places:
            self._places[span] = _place(self._tree, span)
        place = self._places[span]
        before = place.get()
        node: Any = ast.parse(new, self._file).body[0] if isinstance(before, ast.stmt) else _expression(new)
        place.put(ast.increment_lineno(node, span[0] - 1))
        try:
            yield self._tree
        finally:
            place.put(before)

    @contextmanager
    def changed(self, after: Sequence[types.CodeType]) -> Iterator[None]:
        """While it lasts, the functions run other codes."""
        patched: list[tuple[types.FunctionType, types.CodeType]] = []
        try:
            for function, new in (*((each, after[k]) for each, k in self._edited), *self._others):
                code = function.__code__
                if new.co_freevars == code.co_freevars:
                    patched.append((function, code))
                    function.__code__ = new
            self._trial.begin()
            yield
        finally:
            for function, code in patched:
                function.__code__ = code


def _expression(text: str) -> ast.expr:
    """The tree of an expression, whose calls are looked at first."""
    return guarded(ast.parse(f"({text}\n)", mode="eval"), range(text.count("\n") + 2)).body


@dataclass(frozen=True)
class _Place:
    """A field of a node of a tree, or one item of it."""

    owner: ast.AST
    field: str
    item: int | None

    def get(self) -> Any:
        value = getattr(self.owner, self.field)
        return value if self.item is None else value[self.item]

    def put(self, node: ast.AST) -> None:
        if self.item is None:
            setattr(self.owner, self.field, node)
        else:
            getattr(self.owner, self.field)[self.item] = node


def _place(tree: ast.AST, span: Span) -> _Place:
    """Where the outermost expression with some lines and columns stands in a tree; if there is none, the statement."""
    found = None
    for owner in ast.walk(tree):
        for field, value in ast.iter_fields(owner):
            for k, each in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(each, ast.expr) and span_of(each) == span:
                    return _Place(owner, field, k)
                if isinstance(each, ast.stmt) and span_of(each) == span:
                    found = _Place(owner, field, k)
    if found is None:
        raise ValueError("nothing stands there")
    return found


def _places(
    functions: Sequence[types.FunctionType], codes: Sequence[types.CodeType]
) -> Iterator[tuple[types.FunctionType, int]]:
    """The functions that run one of some codes, and which."""
    places = {code: k for k, code in enumerate(codes)}
    pairs = [(code, code) for code in codes]
    for function in functions:
        code = same_but_for_assertions(function.__code__, pairs) if function.__code__ not in places else None
        k = places.get(code or function.__code__)
        if k is not None:
            yield function, k


def _lines(code: types.CodeType) -> range:
    """From the first line of a function to the last, functions inside of it included."""
    lines = (line for each in (code, *codes_in(code)) for *_, line in each.co_lines() if line)
    return range(code.co_firstlineno, max(lines, default=code.co_firstlineno) + 1)


@lru_cache(maxsize=32)
def _watched(file: str, source: str) -> tuple[list[types.CodeType], list[types.CodeType]]:
    """The codes of the functions of a file, and the same with turns counted and calls looked at."""
    if not source:
        return [], []
    try:
        flags, tree = flags_of(source), guarded(ast.parse(source, file), range(0))
        before, after = (compile(each, file, "exec", flags, dont_inherit=True) for each in (source, tree))
    except (SyntaxError, ValueError, RecursionError):
        return [], []
    return list(codes_in(before)), list(codes_in(after))


def statement_around(source: str, line: int) -> str:
    """The statement of a module around a line, and its imports, at their places; all other lines are empty.

    Imports are compiled with it because calls of what is imported are compiled in another way.
    """
    around = [_rows(each) for each in parsed(source).body if line in _rows(each)]
    return _kept(source, [*around, *map(_rows, _imports(source))])


def function_around(source: str, line: int) -> str:
    """The same for the function around a line that is in no other one, and the heads of the classes around it."""
    kept = [_rows(each) for each in _imports(source)]
    body: Sequence[ast.stmt] = parsed(source).body
    while True:
        around = next((each for each in body if line in _rows(each)), None)
        if around is None:
            return statement_around(source, line)
        head = range(around.lineno, _rows(around.body[0])[0]) if isinstance(around, ast.ClassDef) else range(0)
        if not isinstance(around, ast.ClassDef) or not head:
            return _kept(source, [*kept, _rows(around)])
        kept.append(head)
        body = around.body


def _imports(source: str) -> list[ast.stmt]:
    return [each for each in parsed(source).body if isinstance(each, (ast.Import, ast.ImportFrom))]


def _rows(statement: ast.stmt) -> range:
    """The lines of a statement, with its decorators."""
    decorators = [each.lineno for each in getattr(statement, "decorator_list", ())]
    return range(min([statement.lineno, *decorators]), (statement.end_lineno or statement.lineno) + 1)


def _kept(source: str, rows: Sequence[range]) -> str:
    """Some lines of a text at their places; all others are empty."""
    kept = {i for each in rows for i in each}
    return "".join(row if i in kept else "\n" for i, row in enumerate(rows_of(source), start=1))
