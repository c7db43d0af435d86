"""How many steps a program's loop takes, where that can be read from it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.scripts.text.training_loop import Loop

#: What an argument of `range` may be made of: nothing that does anything.
_HARMLESS = (
    ast.Expression,
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.BinOp,
    ast.UnaryOp,
    ast.operator,
    ast.unaryop,
    ast.expr_context,
)

#: Show how far a loop has come, and leave it as it is.
_WRAPPERS = {"tqdm", "trange", "track", "enumerate", "progressbar"}


def planned(loop: Loop, trees: Sequence[ast.Module], variables: Mapping[str, Any]) -> int | None:
    r"""Passes of the loop, times those of the loops around it; None if that is not to be read.

    Examples
    --------
    >>> tree = ast.parse("for epoch in range(20):\n    for i in range(0, n, 2):\n        w -= 1")
    >>> inner = tree.body[0].body[0]
    >>> planned(Loop(0, inner, (), "", ""), [tree], {"n": 10})
    100
    """
    around = _around(loop, trees)
    if around is None:
        return None
    total = 1
    for node in around:
        count = _passes(node, variables)
        if count is None:
            return None
        total *= count
    return total


def _around(loop: Loop, trees: Sequence[ast.Module]) -> list[Any] | None:
    """The loop and those around it within the same function, outermost first."""
    if not isinstance(loop.node, ast.For):
        return None
    for tree in trees:
        way = _way(tree, loop.node, [])
        if way is not None:
            return way if all(isinstance(node, ast.For) for node in way) else None
    return None


def _way(node: ast.AST, wanted: ast.For, loops: list[Any]) -> list[Any] | None:
    for child in ast.iter_child_nodes(node):
        inner = loops
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inner = []
        elif isinstance(child, (ast.For, ast.While)):
            inner = [*loops, child]
            if (child.lineno, child.col_offset) == (wanted.lineno, wanted.col_offset) and ast.dump(
                child.target if isinstance(child, ast.For) else child.test
            ) == ast.dump(wanted.target):
                return inner
        found = _way(child, wanted, inner)
        if found is not None:
            return found
    return None


def _passes(loop: ast.For, variables: Mapping[str, Any]) -> int | None:
    """The length of a `range`, or of a list or an array of that name."""
    source: Any = loop.iter
    while isinstance(source, ast.Call) and source.args and _name(source.func) in _WRAPPERS - {"trange"}:
        source = source.args[0]
    if not isinstance(source, ast.Call) or _name(source.func) not in ("range", "trange", "arange"):
        return None
    values = [_value(argument, variables) for argument in source.args]
    try:
        return len(range(*(int(value) for value in values)))
    except (TypeError, ValueError):
        return None


def _name(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))


def _value(node: ast.expr, variables: Mapping[str, Any]) -> Any:
    """What an expression without calls comes to; None if it has some."""
    expression = ast.Expression(node)
    if not all(isinstance(inner, _HARMLESS) for inner in ast.walk(expression)):
        return None
    try:
        return eval(compile(expression, "planned", "eval"), {"__builtins__": {}}, dict(variables))
    except Exception:  # a name that is not there yet
        return None
