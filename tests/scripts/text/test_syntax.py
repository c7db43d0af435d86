"""Questions about pieces of a syntax tree."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from gradcheck.scripts.text.syntax import (
    SourceText,
    index_expression,
    is_reference,
    learning_rate,
    learning_rates,
    reads,
    written_array,
)


def expression(text: str) -> Any:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("lr * dW", "lr"),
        ("self.learning_rate * g / n", "self.learning_rate"),
        ("0.1 * dW", "0.1"),
        ("0.01 * (x.T @ r)", "0.01"),
        ("np.float32(0.1) * g", "np.float32(0.1)"),
        ("g / eta", "1.0 / eta"),
        ("config['lr'] * g", "config['lr']"),
    ],
)
def test_the_learning_rate_of_a_product(text: str, rate: str) -> None:
    found = learning_rate(expression(text))
    assert found is not None
    assert ast.unparse(found) == rate


@pytest.mark.parametrize("text", ["g", "x.T @ r", "2.0 * np.dot(x, r)", "np.dot(x, r)"])
def test_a_gradient_has_no_learning_rate(text: str) -> None:
    assert learning_rate(expression(text)) is None


def test_factors_with_the_name_of_a_rate() -> None:
    assert [power for _, power in learning_rates(expression("alpha * g / step"))] == [1, -1]
    assert not learning_rates(expression("a * g"))


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
