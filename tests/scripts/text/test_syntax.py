"""Questions about pieces of a syntax tree."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from gradcheck.scripts.text.syntax import (
    SourceText,
    copied,
    factors_of,
    index_expression,
    is_literal,
    is_reference,
    reads,
    terms_of,
    written_array,
)


def expression(text: str) -> Any:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "factors"),
    [
        ("k * dW", [("k", 1), ("dW", 1)]),
        ("g / k", [("g", 1), ("k", -1)]),
        ("a / (1 + d * i) * g", [("a", 1), ("1 + d * i", -1), ("g", 1)]),
        ("-(a * g)", [("-1", 1), ("a", 1), ("g", 1)]),
        ("+a * g", [("a", 1), ("g", 1)]),
        ("np.multiply(a, g)", [("a", 1), ("g", 1)]),
        ("np.divide(g, a * b)", [("g", 1), ("a", -1), ("b", -1)]),
        ("x.T.dot(r)", [("x.T", 1), ("r", 1)]),
        ("a * x.T @ r", [("a", 1), ("x.T", 1), ("r", 1)]),
        ("np.sum(r, axis=0)", [("np.sum(r, axis=0)", 1)]),
    ],
)
def test_the_factors_of_a_product(text: str, factors: list[tuple[str, int]]) -> None:
    assert [(ast.unparse(node), power) for node, power in factors_of(expression(text))] == factors


def test_the_terms_of_a_sum() -> None:
    assert [ast.unparse(term) for term in terms_of(expression("a * b - c + d"))] == ["a * b", "c", "d"]


@pytest.mark.parametrize("text", ["0.1", "-3", "np.float32(0.1)", "float(2)"])
def test_numbers_in_the_source(text: str) -> None:
    assert is_literal(expression(text))


@pytest.mark.parametrize("text", ["k", "2 * 3", "'2'", "f(2)", "True and k"])
def test_what_is_no_number_in_the_source(text: str) -> None:
    assert not is_literal(expression(text))


def test_a_reference_computes_nothing() -> None:
    assert is_reference(expression("self.layers[0].W"))
    assert not is_reference(expression("f(x)"))
    assert not is_reference(expression("a + b"))


@pytest.mark.parametrize(
    ("text", "array"),
    [("np.add.at(a, i, v)", "a"), ("np.dot(u, v, out=w)", "w"), ("a.fill(0)", "a"), ("np.copyto(self.b, c)", "self.b")],
)
def test_the_array_that_a_call_writes_into(text: str, array: str) -> None:
    found = written_array(expression(text))
    assert found is not None
    assert ast.unparse(found) == array


def test_most_calls_write_into_nothing() -> None:
    assert written_array(expression("np.dot(a, b)")) is None
    assert written_array(expression("a.sum()")) is None


def test_an_index_outside_brackets() -> None:
    index = expression("a[1:3, ::2]").slice
    assert ast.unparse(index_expression(index)) == "(slice(1, 3, None), slice(None, None, 2))"


def test_what_an_expression_reads() -> None:
    target = ast.parse("w[0] = 1").body[0].targets[0]  # type: ignore[attr-defined]
    assert reads(expression("2 * w[0]"), target)
    assert not reads(expression("2 * w[1]"), target)


def test_a_segment_is_on_one_line() -> None:
    text = "a = (b +\n     c)\nd = 1\n"
    assignment, _ = ast.parse(text).body
    assert SourceText(text).segment(assignment) == "a = (b + c)"
    assert SourceText(text).first_line(assignment) == "a = (b +"


def test_a_copy_of_a_tree_is_the_same_and_shares_nothing_that_can_change() -> None:
    tree = ast.parse("def f(a, *b, c=1):\n    d = [x for x in b if x] + a[1:2]\n    return f'{d!r}' or (lambda: c)\n")
    other = copied(tree)
    assert ast.dump(other, include_attributes=True) == ast.dump(tree, include_attributes=True)
    ours = {id(node) for node in ast.walk(tree) if node._fields or node._attributes}
    assert not ours & {id(node) for node in ast.walk(other)}


def test_what_a_library_attaches_to_nodes_is_not_copied() -> None:
    """`executing` gives each node its parent; nodes without fields are shared by all trees."""
    tree = ast.parse("def f(x):\n    return x.T @ x\n")
    (load,) = {node for node in ast.walk(ast.parse("a")) if isinstance(node, ast.Load)}
    before = vars(load).copy()
    try:
        for parent in ast.walk(tree):
            for child in (*ast.iter_child_nodes(parent), load):
                vars(child)["parent"] = parent
        other = copied(tree)
        assert ast.dump(other) == ast.dump(tree)
        assert not any("parent" in vars(node) for node in ast.walk(other) if node._fields)
    finally:
        vars(load).clear()
        vars(load).update(before)
