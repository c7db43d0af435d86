"""A line is singled out by its repair alone only if no other line could be repaired as well."""

from __future__ import annotations

import ast

import pytest

from gradcheck.recording.alternatives import _change, _is_chain
from gradcheck.recording.repair import Repair
from gradcheck.recording.sites import Unit
from gradcheck.verdicts.verdict import Verdict
from tests.recording.planted import Planted, check, neutral, planted

#: Mistakes inside of an expression, which no line around can undo.
ALONE = {
    "cox_model": "weighted = np.cumsum(X[::-1], axis=0)[::-1]",
    "lstm_cell": "di = dc * i * (1 - i)",
    "crf_chain": "pair[tags[t], tags[t - 1]] -= 1",
}

#: Mistakes that two lines can undo: where something is made, and where it is used.
ONE_OF_TWO = {
    "beta_regression": "ystar = np.log(y)",
    "policy_expected": "advantage = Q",
    "huber_fit": "return X.T @ r / len(y)",
}


def case_of(name: str, text: str) -> Planted:
    return next(each for each in planted(name) if each.text == text)


def accused(case: Planted, source: str | None = None) -> list[int]:
    return [line.line for line in check(case, source).lines if line.verdict is Verdict.FAIL]


@pytest.mark.parametrize("name", ALONE)
def test_the_only_line_with_a_repair_is_named(name: str) -> None:
    case = case_of(name, ALONE[name])
    assert accused(case) == [case.line]


def test_names_decide_nothing() -> None:
    case = case_of("cox_model", ALONE["cox_model"])
    assert accused(case, neutral(case.source)) == [case.line]


@pytest.mark.parametrize("name", ONE_OF_TWO)
def test_where_two_lines_have_a_repair_both_are_shown(name: str) -> None:
    case = case_of(name, ONE_OF_TWO[name])
    report = check(case)
    assert report.verdict is Verdict.FAIL
    assert not [line for line in report.lines if line.verdict is Verdict.FAIL]
    fix = report.findings[0].fix
    assert "Each of these changes alone makes the gradients right:" in fix
    assert f":{case.line}  " in fix


@pytest.mark.parametrize(
    ("before", "after", "part", "chained"),
    [
        ("a * b", "a * b * c", "a * b", True),
        ("a * b * d", "a * b * c * d", "a * b", True),
        ("r + p @ v", "r + p @ v * g", "p @ v", True),
        ("r * (p + v)", "r * (p + g * v)", "v", False),
        ("f(x)", "f(-x)", "x", False),
        ("-(a * b)", "-(a * b / c)", "a * b", True),
        ("a - b", "b - a", "a - b", True),
    ],
)
def test_the_smallest_part_that_changes(before: str, after: str, part: str, chained: bool) -> None:
    unit = Unit("file.py", 1, (1, 0, 1, 1), before, "", "f")
    change = _change(Repair(unit, "", after, before, after))
    assert change is not None
    path, old = change
    assert ast.unparse(old) == part
    assert (not path or _is_chain(path)) is chained
