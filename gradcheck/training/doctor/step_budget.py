"""The step budget of a program: how many steps its training loop takes, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.scripts.text.training_loop import Loop

#: Syntax that an argument of `range` may consist of. It contains no call, so evaluating it has no side effect.
_WITHOUT_SIDE_EFFECTS = (
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

#: Functions that wrap an iterable without changing its length.
_ITERABLE_WRAPPERS = {"tqdm", "track", "enumerate", "progressbar"}

#: Functions with the arguments and the length of `range`.
_RANGES = {"range", "trange", "arange"}


def step_budget_of(loop: Loop, trees: Sequence[ast.Module], variables: Mapping[str, Any]) -> int | None:
    r"""Iterations of the training loop times those of the loops around it; None if they cannot be read.

    Parameters
    ----------
    loop : Loop
    trees : sequence of ast.Module
        The sources of the program.
    variables : mapping
        Variables of the program when the loop starts.

    Examples
    --------
    >>> tree = ast.parse("for epoch in range(20):\n    for i in range(0, n, 2):\n        w -= 1")
    >>> inner = tree.body[0].body[0]
    >>> step_budget_of(Loop(0, inner, (), "", ""), [tree], {"n": 10})
    100
    """
    nest = _loop_nest(loop, trees)
    if nest is None:
        return None
    total = 1
    for node in nest:
        count = _iterations(node, variables)
        if count is None:
            return None
        total *= count
    return total


def _loop_nest(loop: Loop, trees: Sequence[ast.Module]) -> list[Any] | None:
    """The loop and the loops around it in the same function, outermost first; None unless all are `for` loops."""
    if not isinstance(loop.node, ast.For):
        return None
    for tree in trees:
        nest = _loops_down_to(loop.node, tree, [])
        if nest is not None:
            return nest if all(isinstance(node, ast.For) for node in nest) else None
    return None


def _loops_down_to(wanted: ast.For, node: ast.AST, loops: list[Any]) -> list[Any] | None:
    """The loops on the path from a node to the wanted loop, that loop included; None if it is not below the node."""
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
        found = _loops_down_to(wanted, child, inner)
        if found is not None:
            return found
    return None


def _iterations(loop: ast.For, variables: Mapping[str, Any]) -> int | None:
    """The length of the `range` that a loop iterates over; None if it iterates over something else."""
    source: Any = loop.iter
    while isinstance(source, ast.Call) and source.args and _function_name(source.func) in _ITERABLE_WRAPPERS:
        source = source.args[0]
    if not isinstance(source, ast.Call) or _function_name(source.func) not in _RANGES:
        return None
    values = [_value(argument, variables) for argument in source.args]
    try:
        return len(range(*(int(value) for value in values)))
    except (TypeError, ValueError):
        return None


def _function_name(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))


def _value(node: ast.expr, variables: Mapping[str, Any]) -> Any:
    """The value of an expression without calls; None if it has calls or unknown names."""
    expression = ast.Expression(node)
    if not all(isinstance(inner, _WITHOUT_SIDE_EFFECTS) for inner in ast.walk(expression)):
        return None
    try:
        return eval(compile(expression, "step budget", "eval"), {"__builtins__": {}}, dict(variables))
    except Exception:  # a name that is not defined yet
        return None
