"""Programs that print the absolute error while they descend half its square, as those that use the delta rule do."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from gradcheck.scripts.instrument.events import Site
from gradcheck.scripts.text.source import Source
from gradcheck.scripts.text.statement import Statement
from gradcheck.scripts.text.syntax import called

#: Absolute values, and means that become sums: nothing says by what a delta rule would be divided.
ABSOLUTE, MEANS = ("abs", "absolute", "fabs"), ("mean", "average")


def squared(sources: Sequence[Source], site: Site) -> list[Source] | None:
    """The sources with half the square of an error in place of its absolute value, in the line of the loss.

    Parameters
    ----------
    sources : sequence of Source
    site : Site
        Of the loss.

    Returns
    -------
    list of Source or None
        None if the loss is no absolute error.
    """
    found = None
    pieces = []
    for source in sources:
        text = _changed(source, site.line) if source.file == site.file else None
        found = text or found
        pieces.append(source if text is None else Source(source.file, text))
    return pieces if found else None


def _changed(source: Source, line: int) -> str | None:
    statement = Statement(source.tree(), line)
    node = statement.node
    if node is None or not any(isinstance(n, ast.Call) and called(n) in ABSOLUTE for n in ast.walk(node)):
        return None
    lines, last = source.text.split("\n"), node.end_lineno
    text = ast.unparse(ast.fix_missing_locations(_Squares().visit(node)))
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    after = lines[last - 1].encode()[node.end_col_offset :].decode()
    lines[node.lineno - 1 : last] = [before + text + after, *[""] * (last - node.lineno)]
    return "\n".join(lines)


class _Squares(ast.NodeTransformer):
    """Half of a square for each absolute value."""

    def visit_Call(self, node: ast.Call) -> Any:
        """``np.abs(e)`` as ``0.5 * e**2``, and means of such as sums."""
        absolute = any(isinstance(n, ast.Call) and called(n) in ABSOLUTE for n in ast.walk(node))
        name = called(node)
        self.generic_visit(node)
        if name in ABSOLUTE and len(node.args) == 1:
            return ast.BinOp(ast.Constant(0.5), ast.Mult(), ast.BinOp(node.args[0], ast.Pow(), ast.Constant(2)))
        if name in MEANS and absolute and isinstance(node.func, ast.Attribute):
            node.func.attr = "sum"
        return node
