"""Rewrites a program that prints an absolute error but descends half its square, as the delta rule does."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from gradcheck.scripts.instrument.events import SourceLocation
from gradcheck.scripts.text.source import Source
from gradcheck.scripts.text.statement import Statement
from gradcheck.scripts.text.syntax import called_name

#: Functions that compute absolute values.
_ABSOLUTE = ("abs", "absolute", "fabs")

#: Means, which become sums: the delta rule does not divide.
_MEANS = ("mean", "average")


def with_squared_error(sources: Sequence[Source], location: SourceLocation) -> list[Source] | None:
    """The sources with half the square of an error in place of its absolute value, on the line of the loss.

    Parameters
    ----------
    sources : sequence of Source
    location : SourceLocation
        Of the loss.

    Returns
    -------
    list of Source or None
        None if the loss is not an absolute error.
    """
    changed = [_changed(s, location.line) if s.file == location.file else None for s in sources]
    if not any(changed):
        return None
    return [s if text is None else Source(s.file, text) for s, text in zip(sources, changed, strict=True)]


def _changed(source: Source, line: int) -> str | None:
    statement = Statement(source.tree(), line)
    node = statement.node
    if node is None or not _has_absolute(node) or _is_combined(node):
        return None
    lines, last = source.text.split("\n"), node.end_lineno
    text = ast.unparse(ast.fix_missing_locations(_Squares().visit(node)))
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    after = lines[last - 1].encode()[node.end_col_offset :].decode()
    lines[node.lineno - 1 : last] = [before + text + after, *[""] * (last - node.lineno)]
    return "\n".join(lines)


def _has_absolute(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) and called_name(n) in _ABSOLUTE for n in ast.walk(node))


def _is_combined(node: ast.AST) -> bool:
    """Whether a function combines an absolute value with others, as a selection does: the loss is more than that."""
    shown = node.value if isinstance(node, ast.Expr) else None  # what a printed line combines is no loss
    calls = (n for n in ast.walk(node) if isinstance(n, ast.Call) and n is not shown)
    return any(
        any(map(_has_absolute, each.args)) and sum(not isinstance(n, ast.Constant) for n in each.args) > 1
        for each in calls
    )


class _Squares(ast.NodeTransformer):
    """Replaces absolute values by half of squares."""

    def visit_Call(self, node: ast.Call) -> Any:
        """``np.abs(e)`` becomes ``0.5 * e**2``, and a mean of it a sum."""
        absolute = _has_absolute(node)
        name = called_name(node)
        self.generic_visit(node)
        if name in _ABSOLUTE and len(node.args) == 1:
            return ast.BinOp(ast.Constant(0.5), ast.Mult(), ast.BinOp(node.args[0], ast.Pow(), ast.Constant(2)))
        if name in _MEANS and absolute and isinstance(node.func, ast.Attribute):
            node.func.attr = "sum"
        return node
