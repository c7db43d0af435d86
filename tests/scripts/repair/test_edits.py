"""Edits of a statement: those that undo mistakes people make, and none that change nothing."""

from __future__ import annotations

import ast

import pytest

from gradcheck.scripts.repair.edits import edits, exchanges, substitutions


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("a @ b", "a.T @ b"),
        ("a.T @ b", "a @ b"),
        ("y - p", "p - y"),
        ("x[i]", "x[i + 1]"),
        ("g.sum(axis=0)", "g.mean(axis=0)"),
        ("g.sum(axis=1)", "g.sum(axis=0)"),
        ("g * (x < 0)", "g * (x > 0)"),
        ("a + x**2", "a + 3 * x**2"),
        ("g", "-g"),
    ],
)
def test_an_edit_undoes_a_mistake(wrong: str, right: str) -> None:
    found = {ast.unparse(edit.expression) for edit in edits(ast.parse(wrong, mode="eval").body)}
    assert ast.unparse(ast.parse(right)) in found


def test_two_names_are_exchanged() -> None:
    expression = ast.parse("[dW1, db2, db1]", mode="eval").body
    found = {ast.unparse(edit.expression): edit.slug for edit in exchanges(expression)}
    assert found["[dW1, db1, db2]"] == "swapped-blocks"
    assert ast.unparse(expression) == "[dW1, db2, db1]", "the edit changes a copy"


def test_edits_are_distinct_and_change_something() -> None:
    found = [ast.unparse(edit.expression) for edit in edits(ast.parse("2 * (a - b) @ c.T", mode="eval").body)]
    assert len(found) == len(set(found))
    assert "2 * (a - b) @ c.T" not in found


def test_a_library_is_not_a_variable() -> None:
    expression = ast.parse("np.dot(a, b)", mode="eval").body
    found = {ast.unparse(edit.expression) for edit in substitutions(expression, ["c"])}
    assert found == {"np.dot(c, b)", "np.dot(a, c)"}
