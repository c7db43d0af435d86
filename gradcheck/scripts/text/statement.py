"""Finds the statement on a line, and the expression in it that a repair may change."""

from __future__ import annotations

import ast
import copy
from typing import Any

from gradcheck.scripts.text.syntax import is_product, is_reference, reads


class Statement:
    """The smallest statement on a line that has a value.

    Parameters
    ----------
    tree : ast.Module
    line : int

    Attributes
    ----------
    node : ast.stmt or None
        None if no statement on the line has a value.
    expression : ast.expr
        What it assigns, adds or returns; of an update ``w = w - expression``, what is subtracted.
    """

    def __init__(self, tree: ast.Module, line: int) -> None:
        self.node: Any = _smallest(tree, line)
        value = getattr(self.node, "value", None)
        self._updates = isinstance(self.node, ast.Assign) and (
            adds_to(value, self.node.targets[0]) or _subtracts_product(value)
        )
        self.expression: Any = getattr(value, "right", value) if self._updates else value

    def replace(self, expression: ast.expr) -> None:
        """Put another expression into the tree, in place of its own."""
        self._put(self.node, expression)

    def written(self, expression: ast.expr) -> str:
        """The source of the statement with another expression; the tree stays as it is."""
        changed: Any = copy.copy(self.node)
        changed.value = copy.copy(self.node.value)
        self._put(changed, expression)
        return ast.unparse(ast.fix_missing_locations(changed))

    def _put(self, node: Any, expression: ast.expr) -> None:
        if self._updates:
            node.value.right = expression
        else:
            node.value = expression


def adds_to(value: Any, target: ast.expr | None) -> bool:
    """Whether a value is its target plus or minus something."""
    if target is None or not (isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub))):
        return False
    return reads(value.left, target) and not reads(value.right, target)


def _subtracts_product(value: Any) -> bool:
    """Whether a product is subtracted from a variable, as in an update whose result gets another name."""
    difference = isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub)
    return difference and is_reference(value.left) and is_product(value.right)


def _smallest(tree: ast.Module, line: int) -> Any:
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr))
        and node.value is not None
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)
