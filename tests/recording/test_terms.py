"""Terms that an expression lacks: found by the value that it has to have, whatever its variables are called."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.recording.budget import Budget
from gradcheck.recording.calls import Calls
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.terms import Terms
from gradcheck.recording.trial import Trial

#: What is written, and what it has to be: each is one change away.
FOUND = [
    ("d * z", "d * (1 - h**2)"),
    ("d * z", "d * z / n"),
    ("d * (1 - h)", "d * h"),
    ("d + h", "d * h"),
    ("X.T @ d", "(X**2).T @ d"),
    ("X.T @ d", "X.T @ (d * h * (1 - h))"),
    ("4 * n * d", "4 * n * d @ W"),
    ("h * (d - np.mean(d))", "h * (d - np.mean(d * h))"),
    ("np.clip(z, -2 * n, 2 * n)", "np.clip(z, -n, n)"),
    ("np.sum(d)", "np.trace(d @ W.T)"),
    ("n * double(d)", "double(n * d * h)"),
    ("d * double(z)", "d * triple(z)"),
    ("d", "1 / (1 + np.exp(-z))"),
    ("d * p['one']", "d * p['two']"),
    ("d[0] * z[0]", "d[0] * (z - h)[0]"),
]

#: What no single change makes right, and what must not be evaluated again.
NOT_FOUND = [
    ("d * z", "np.tan(d) + np.sin(h) * W[0]"),
    ("stack.pop() * z", "d * h"),
    ("np.add(d, z, out=d) * z", "d * h"),
]


def double(x: Any) -> Any:
    return 2 * x


def triple(x: Any) -> Any:
    return 3 * x


def after(function: Any, *args: Any) -> Calls:
    """What is known after a call."""
    calls = Calls()
    calls.note(function, args, {})
    return calls


def environment() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    found: dict[str, Any] = {name: rng.uniform(0.2, 0.8, size=(4, 4)) for name in "dzhXW"}
    return {
        **found,
        "n": 0.37,
        "np": np,
        "double": double,
        "triple": triple,
        "p": {"one": 3.0, "two": 7.5},
        "stack": [2.0],
    }


def found(text: str, wanted: Any, space: dict[str, Any]) -> list[str]:
    names = [name for name, value in space.items() if isinstance(value, (np.ndarray, float, dict))]
    names += [f"{name}[0]" for name in names if isinstance(space[name], np.ndarray)] if "[0]" in text else []

    def is_wanted(value: Any) -> bool:
        return np.shape(value) == np.shape(wanted) and np.allclose(value, wanted, rtol=1e-11, atol=0.0)

    return Terms(text, names, space, __file__, Trial(Calls()), is_wanted, Budget(1e9)).found()


@pytest.mark.parametrize(("text", "right"), FOUND)
def test_one_change_is_found(text: str, right: str) -> None:
    space = environment()
    wanted = eval(right, dict(space))
    assert not np.allclose(eval(text, dict(space)), wanted)
    texts = found(text, wanted, space)
    assert texts
    for each in texts:
        np.testing.assert_allclose(eval(each, dict(space)), wanted, rtol=1e-11)


@pytest.mark.parametrize(("text", "right"), NOT_FOUND)
def test_nothing_else_is_found(text: str, right: str) -> None:
    space = environment()
    before = space["d"].copy()
    assert not found(text, eval(right, dict(space)), space)
    assert space["stack"] == [2.0]
    np.testing.assert_array_equal(space["d"], before)


@pytest.mark.parametrize(("text", "right"), FOUND[:4])
def test_names_decide_nothing(text: str, right: str) -> None:
    space = environment()
    wanted = eval(right, dict(space))
    other = {"d": "q", "z": "a9", "h": "dz", "X": "lr", "W": "b", "n": "loss"}

    def renamed(source: str) -> str:
        return re.sub(r"\b[dzhXWn]\b", lambda match: other[match[0]], source)

    texts = found(renamed(text), wanted, {renamed(name): value for name, value in space.items()})
    assert texts == [renamed(each) for each in found(text, wanted, space)]


def test_the_simplest_comes_first_and_has_no_parentheses_too_many() -> None:
    space = environment()
    assert found("d * (1 - h)", space["d"] * space["h"], space)[0] == "d * h"
    assert found("(d - z) * n", space["d"] * space["n"], space)[0] == "d * n"


def test_a_large_array_takes_no_part() -> None:
    space = environment()
    space["X"] = np.ones((200, 200))
    assert all(
        "X" not in {n.id for n in ast.walk(ast.parse(each)) if isinstance(n, ast.Name)}
        for each in found("d * z", space["d"], space)
    )


def test_an_expression_that_takes_long_is_computed_less_often() -> None:
    """Counted are the functions that it calls: a solver takes thousands, and one of the author's own a few."""
    often = []

    def solve(x: Any) -> Any:
        often.append(x)
        for _ in range(2000):
            x = double(x) / 2
        return x

    space = environment() | {"solve": solve}
    names = [name for name, value in space.items() if isinstance(value, (np.ndarray, float))]
    terms = Terms("d * solve(z)", names, space, __file__, Trial(Calls()), lambda _value: False, Budget(1e9))
    assert not terms.found()
    assert 10 < len(often) < 1500


def test_terms_are_as_small_as_what_they_are_made_of() -> None:
    """No matrix is made of two long vectors, and no number decides anew how large an array is."""
    space = {"np": np, "x": np.ones((9000, 1)), "y": np.ones((1, 9000)), "n": 3.0, "m": 1e9}
    made = []

    def is_wanted(value: Any) -> bool:
        made.append(np.size(value))
        return False

    assert not Terms("x * n", ["x", "y", "n", "m"], space, __file__, Trial(Calls()), is_wanted, Budget(1e9)).found()
    assert not Terms("np.arange(n) * n", ["n", "m"], space, __file__, Trial(Calls()), is_wanted, Budget(1e9)).found()
    assert made
    assert max(made) <= 20_000


def terms_of(text: str, space: dict[str, Any], wanted: Any, budget: float = 1e9) -> list[str]:
    names = [name for name, value in space.items() if isinstance(value, (np.ndarray, float))]

    def is_wanted(value: Any) -> bool:
        return np.shape(value) == np.shape(wanted) and np.allclose(value, wanted, rtol=1e-11, atol=0.0)

    return Terms(text, names, space, __file__, Trial(Calls()), is_wanted, Budget(budget)).found()


def test_terms_are_fewer_the_more_functions_an_expression_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """One term takes 1,000 calls and a few: 25 times as many as are free, or 2 times, or fewer."""
    evaluated = 0

    def slow(x: Any) -> Any:
        nonlocal evaluated
        evaluated += 1
        for _ in range(1000):
            abs(0.0)
        return x

    space = {name: each for name, each in environment().items() if isinstance(each, np.ndarray)}
    counts = []
    for most in (40, 400, 10**9):
        settings = replace(RECORDING, calls_of_term=most, most_terms=5000)
        monkeypatch.setattr("gradcheck.recording.terms.RECORDING", settings)
        evaluated = 0
        assert not terms_of("slow(d)", {**space, "np": np, "slow": slow}, 1e9)
        counts.append(evaluated)
    assert 10 < counts[0] <= 5000 // 25 < counts[1] <= 5000 // 2
    assert counts[1] < counts[2]


def test_an_expression_that_takes_too_long_is_evaluated_no_more_than_twice() -> None:
    """Once to count its calls; its other forms are not tried either."""
    evaluated = []

    def solve(x: Any) -> Any:
        evaluated.append(x)
        for _ in range(RECORDING.most_terms):
            abs(0.0)
        return x

    space = {name: each for name, each in environment().items() if isinstance(each, np.ndarray)}
    others = ["solve(h)", "solve(z) * 2", "solve(W)"]
    given = {**space, "np": np, "solve": solve}
    terms = Terms("solve(d) * z", list("dzh"), given, __file__, Trial(Calls()), lambda _: False, Budget(1e9), others)
    assert not terms.found()
    assert not terms.is_complete
    assert len(evaluated) <= 2


def test_functions_are_not_handed_far_larger_numbers() -> None:
    """A series may not end for them."""
    handed: list[float] = []

    def series(x: Any) -> Any:
        handed.append(float(np.max(np.abs(x))))
        return x

    space = {**environment(), "series": series, "far": 1e9}
    trial = Trial(after(series, 1.0))
    assert not Terms("series(d) * z", ["d", "z", "far"], space, __file__, trial, lambda _: False, Budget(1e9)).found()
    assert handed
    assert max(handed) <= RECORDING.farther


@pytest.mark.parametrize(("most", "first", "last"), [(10**9, True, True), (300, True, False), (10, False, False)])
def test_pairs_of_variables_are_kept_until_they_have_too_many_entries(
    most: int, first: bool, last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has 16 entries: 300 have room for the pairs of the first variable and its transpose."""
    monkeypatch.setattr("gradcheck.recording.terms.RECORDING", replace(RECORDING, most_entries=most))
    space = {name: value for name, value in environment().items() if name in "dzhXW"}
    space = {name: space[name] for name in sorted(space)}
    one, *_, before, end = space.values()
    assert [bool(terms_of("d", space, wanted)) for wanted in (one - one.T, end - before)] == [first, last]


def test_no_more_terms_are_compared_than_the_budget_pays_for() -> None:
    space = environment()
    right = "d * (1 - h**2)"
    wanted = eval(right, dict(space))
    budget = Budget(1e9)
    assert Terms("d * z", list("dzhXW"), space, __file__, Trial(Calls()), lambda _: False, budget).found() == []
    spent = 1e9 - budget.left
    assert spent >= RECORDING.work_of_term * 1000
    assert terms_of("d * z", space, wanted)
    assert not terms_of("d * z", space, wanted, budget=spent / 1000)
    assert not terms_of("d * z", space, wanted, budget=0.0)
