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


class ExpressionAt:
    """The expression at a place, and the statement that contains it.

    Parameters
    ----------
    tree : ast.Module
    span : tuple of int
        First line and column, last line and column.

    Attributes
    ----------
    node : ast.stmt or None
        None if no statement contains such an expression.
    expression : ast.expr
    """

    def __init__(self, tree: ast.Module, span: tuple[int, int, int, int]) -> None:
        self.node: Any = None
        self.expression: Any = None
        self._owner: tuple[Any, str, int | None] | None = None
        for statement in ast.walk(tree):
            if isinstance(statement, ast.stmt) and _contains(statement, span):
                self._look(statement, statement, span)

    def _look(self, statement: ast.stmt, parent: ast.AST, span: tuple[int, int, int, int]) -> None:
        for field, value in ast.iter_fields(parent):
            for i, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.stmt) or not isinstance(child, ast.AST):
                    continue
                if isinstance(child, ast.expr) and _place(child) == span and self._owner is None:
                    self.node, self.expression = statement, child
                    self._owner = parent, field, i if isinstance(value, list) else None
                self._look(statement, child, span)

    def replace(self, expression: ast.expr) -> None:
        """Put another expression into the tree."""
        assert self._owner is not None
        parent, field, i = self._owner
        if i is None:
            setattr(parent, field, expression)
        else:
            getattr(parent, field)[i] = expression


def _place(node: Any) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _contains(node: Any, span: tuple[int, int, int, int]) -> bool:
    first, last = _place(node)[:2], _place(node)[2:]
    return first <= span[:2] and span[2:] <= last


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
