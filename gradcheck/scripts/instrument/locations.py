"""Numbers the source locations of one piece of source while it is rewritten."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gradcheck.scripts.instrument.events import FactorSyntax, Kind, SourceLocation
from gradcheck.scripts.text.syntax import SourceText


class LocationTable:
    """The locations of one source, and the function and statement that are being rewritten.

    Parameters
    ----------
    file : str
    text : str
    first : int
        The index of the first location.
    functions : sequence of ast nodes
        Functions around the source, the innermost last.
    """

    def __init__(self, file: str, text: str, first: int, functions: Sequence[ast.AST] = ()) -> None:
        self.file, self.text = file, text
        self.locations: list[SourceLocation] = []
        self.functions = list(functions)
        self._first = first
        self._source = SourceText(text)
        self._statement: ast.stmt | None = None

    def add(
        self,
        node: ast.AST,
        target: str,
        kind: Kind = Kind.ASSIGN,
        sign: int = 1,
        factors: tuple[FactorSyntax, ...] = (),
    ) -> ast.expr:
        """Add a location; its index as an expression."""
        function = getattr(self.functions[-1], "name", "<lambda>") if self.functions else ""
        text = self._source.first_line(self._statement) if self._statement else ""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        index = self._first + len(self.locations)
        self.locations.append(
            SourceLocation(index, self.file, line, column, target, function, text, kind, sign, factors)
        )
        return ast.Constant(index)

    def written(self, node: ast.AST) -> str:
        """A node as it is written in the source, on one line."""
        return self._source.segment(node) or ast.unparse(node)

    @property
    def function(self) -> str:
        """The name of the innermost function; empty outside any, and in a lambda."""
        return getattr(self.functions[-1], "name", "") if self.functions else ""

    @contextmanager
    def inside_function(self, node: ast.AST) -> Iterator[None]:
        """Locations belong to a function."""
        self.functions.append(node)
        yield
        self.functions.pop()

    @contextmanager
    def inside_statement(self, node: ast.stmt) -> Iterator[None]:
        """Locations belong to a statement."""
        before, self._statement = self._statement, node
        yield
        self._statement = before
