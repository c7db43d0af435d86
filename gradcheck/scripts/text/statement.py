"""The statement in a line, and the part of it that a repair may change."""

from __future__ import annotations

import ast
import copy
from typing import Any

from gradcheck.scripts.text.syntax import contains, rates


class Statement:
    """The smallest statement in a line that has a value.

    Parameters
    ----------
    tree : ast.Module
    line : int

    Attributes
    ----------
    node : ast.stmt or None
        None if there is none.
    part : ast.expr
        What it assigns, adds or returns; of an update ``w = w - part`` what is subtracted.
    """

    def __init__(self, tree: ast.Module, line: int) -> None:
        self.node: Any = _smallest(tree, line)
        value = getattr(self.node, "value", None)
        self._grows = isinstance(self.node, ast.Assign) and grows(value, self.node.targets[0])
        self.part: Any = getattr(value, "right", value) if self._grows else value

    def put(self, part: ast.expr) -> None:
        """Put another part in the place of its own."""
        if self._grows:
            self.node.value.right = part
        else:
            self.node.value = part

    def written(self, part: ast.expr) -> str:
        """The statement with another part."""
        changed = Statement.__new__(Statement)
        changed.node, changed._grows = copy.copy(self.node), self._grows
        changed.node.value = copy.copy(self.node.value)
        changed.put(part)
        return ast.unparse(ast.fix_missing_locations(changed.node))


def grows(value: Any, stored: ast.expr | None) -> bool:
    """Whether a value changes what it is stored in by adding to it, or is a difference with a learning rate in it."""
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub))):
        return False
    own = stored is not None and contains(value.left, stored) and not contains(value.right, stored)
    return own or (isinstance(value.op, ast.Sub) and bool(rates(value.right)))


def _smallest(tree: ast.Module, line: int) -> Any:
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr))
        and node.value is not None
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)
