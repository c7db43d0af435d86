"""The number of steps of a loop is read where it can be, and not guessed where it cannot."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from gradcheck.scripts.text.training_loop import Loop
from gradcheck.training.doctor.step_budget import step_budget_of


def budget(source: str, **variables: Any) -> int | None:
    """Step budget of the last loop of a source."""
    tree = ast.parse(source)
    loops = [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While))]
    last = max(loops, key=lambda loop: loop.lineno)
    return step_budget_of(Loop(0, last, (), "", ""), [tree], variables)


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("for i in range(300): pass", 300),
        ("for i in range(2, 20, 3): pass", 6),
        ("for i in range(epochs + 1): pass", 51),
        ("for i in range(int(1e3)): pass", None),
        ("for i in tqdm(range(epochs)): pass", 50),
        ("for i in trange(epochs): pass", 50),
        ("for i, j in enumerate(np.arange(7)): pass", 7),
        ("for epoch in range(epochs):\n    for i in range(0, n, 2):\n        pass", 250),
        ("def train():\n    for i in range(9): pass\nfor j in range(5): train()", 5),
        ("for j in range(5):\n    def train():\n        for i in range(9): pass", 9),
    ],
)
def test_ranges_are_multiplied(source: str, steps: int | None) -> None:
    assert budget(source, epochs=50, n=10) == steps


@pytest.mark.parametrize(
    "source",
    [
        "while loss > 0.1: pass",
        "while True:\n    for i in range(5): pass",
        "for batch in batches: pass",
        "for i in range(unknown): pass",
        "for i in range(len(data)): pass",
        "for i in itertools.count(): pass",
    ],
)
def test_other_loops_have_no_known_number_of_steps(source: str) -> None:
    assert budget(source, data=[1, 2]) is None


def test_expressions_are_evaluated_without_calls() -> None:
    called: list[int] = []

    def count() -> int:
        called.append(1)
        return 3

    assert budget("for i in range(count()): pass", count=count) is None
    assert called == []
