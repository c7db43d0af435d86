"""Numbers the loops and functions of a source, and writes the calls by which the tracer learns that one begins."""

from __future__ import annotations

import ast
from typing import Any

from gradcheck.scripts.instrument.locations import LocationTable
from gradcheck.scripts.instrument.scopes import SharedVariables
from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.text.training_loop import Loop, as_loop


class LoopNumbers:
    """The loops of one source.

    Parameters
    ----------
    table : LocationTable
    first : int
        The number of the first loop.

    Attributes
    ----------
    loops : list of Loop
        As they are written.
    """

    def __init__(self, table: LocationTable, first: int) -> None:
        self.loops: list[Loop] = []
        self._table, self._first = table, first
        self._shared = SharedVariables(table.text, table.file)

    def add(self, original: Any) -> int:
        """Keep a loop, a comprehension or a function as it is written; its number."""
        number = self._first + len(self.loops)
        node, functions = original, tuple(self._table.functions)
        if isinstance(original, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            node, functions = as_loop(original), (*functions, original)
        self.loops.append(Loop(number, node, functions, self._table.file, self._table.text, self._table.class_name))
        return number

    def arrival(self, number: int, node: ast.AST) -> ast.stmt:
        """The statement at the start of an iteration or a call."""
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(self.arrives(number, node)), node))

    def arrives(self, number: int, node: ast.AST) -> ast.expr:
        """The same as an expression."""
        scope, variables = (ast.Call(ast.Name(name, ast.Load()), [], []) for name in ("globals", "locals"))
        arguments: list[ast.expr] = [ast.Constant(number), scope, variables]
        functions = self.loops[number - self._first].functions
        around = functions[-1] if functions else None
        shared = self._shared.of(around) if around is not None else []
        if shared:
            names = ast.Tuple([ast.Name(name, ast.Load()) for name in shared], ast.Load())
            arguments.append(ast.Lambda(ast.arguments([], [], None, [], [], None, []), names))
        begins = _call("begins", [ast.Constant(number)])
        return ast.copy_location(ast.BoolOp(ast.And(), [begins, _call("arrive", arguments)]), node)


def _call(method: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name(TRACER, ast.Load()), method, ast.Load()), arguments, [])
