"""The statement on a line, and the expression in it that a repair may change."""

from __future__ import annotations

import ast

import pytest

from gradcheck.scripts.text.statement import Statement


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("dW = x.T @ d", "x.T @ d"),
        ("w = w - lr * g", "lr * g"),
        ("w -= lr * g", "lr * g"),
        ("return a @ b", "a @ b"),
        ("diff = a - b", "a - b"),
        ("w = w + g", "g"),
    ],
)
def test_what_a_statement_computes(text: str, expression: str) -> None:
    tree = ast.parse(f"def f():\n    {text}\n")
    assert ast.unparse(Statement(tree, 2).expression) == expression


def test_another_expression_is_written_without_a_change_of_the_tree() -> None:
    tree = ast.parse("w = w - lr * g")
    statement = Statement(tree, 1)
    assert statement.written(ast.parse("lr * h", mode="eval").body) == "w = w - lr * h"
    assert ast.unparse(tree) == "w = w - lr * g"
    statement.replace(ast.parse("lr * h", mode="eval").body)
    assert ast.unparse(tree) == "w = w - lr * h"


def test_a_line_may_have_no_value() -> None:
    tree = ast.parse("def f():\n    pass\n\nf()\n")
    assert Statement(tree, 2).node is None
    assert Statement(tree, 4).node is not None
