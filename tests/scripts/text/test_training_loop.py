"""Which loop of a program trains."""

from __future__ import annotations

import ast
from typing import Any

from gradcheck.scripts.text.training_loop import Loop, other_training_loops, rank_loops

STEP = "dw = x.T @ (x @ w - y)\n{0}w -= 0.1 * dw"


def loops_of(text: str) -> tuple[list[Loop], list[ast.Module]]:
    tree = ast.parse(text)
    found: list[Loop] = []

    def visit(node: Any, functions: tuple[Any, ...]) -> None:
        inside = (*functions, node) if isinstance(node, ast.FunctionDef) else functions
        if isinstance(node, (ast.For, ast.While)):
            found.append(Loop(len(found), node, functions, "train.py", text))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree, ())
    return found, [tree]


def first_line(text: str) -> int | None:
    ranked = rank_loops(*loops_of(text))
    return ranked[0].line if ranked else None


def test_the_loop_with_an_update_comes_first() -> None:
    assert first_line("for i in a:\n    n = n + 1\nfor i in b:\n    " + STEP.format("    ")) == 3


def test_of_nested_loops_the_innermost_comes_first() -> None:
    assert first_line("for epoch in a:\n    for i in b:\n        " + STEP.format(" " * 8)) == 2


def test_a_loop_that_only_updates_is_a_part_of_the_one_that_computes_gradients() -> None:
    text = "for i in a:\n    q = f(x, p)\n    r = q * x\n    s = r + 1\n    for k in p:\n        p[k] -= c * s[k]"
    assert first_line(text) == 1


def test_the_loop_over_batches_comes_before_the_one_that_shuffles_them() -> None:
    text = (
        "for i in a:\n    order = g(n)\n    x2, y2 = x[order], y[order]\n    for k in b:\n        u, v = x2[k], y2[k]\n"
        "        q = u @ w\n        r = q - v\n        w = w - c * (u.T @ r)\n    print(q)"
    )
    assert first_line(text) == 4


def test_called_functions_count() -> None:
    text = (
        "def step():\n    global w\n    " + STEP.format("    ") + "\nfor i in a:\n    print(i)\nfor i in b:\n    step()"
    )
    assert first_line(text) == 7


def test_a_loop_without_updates_does_not_train() -> None:
    assert first_line("for i in a:\n    print(i)") is None
    assert first_line("for i in a:\n    yield i - 1") is None


def test_a_second_loop_that_trains() -> None:
    body = "    " + STEP.format("    ")
    loops, trees = loops_of(f"for i in a:\n{body}\nfor i in b:\n{body}\nfor i in c:\n    n = n + 1\n")
    assert [loop.line for loop in other_training_loops(loops[0], loops, trees)] == [4]


def test_a_loop_contains_loops_inside_it() -> None:
    loops, _ = loops_of("for i in a:\n    for j in b:\n        pass\nfor k in c:\n    pass\n")
    assert loops[0].contains(loops[1])
    assert not loops[0].contains(loops[2])
