"""Repairs in the author's own text."""

from __future__ import annotations

import pytest

from gradcheck.reports.repairs import diff_of, repaired, repaired_by
from tests.reports.outcomes import FINDING, SOURCE


def test_one_statement_is_replaced_and_the_rest_stays() -> None:
    text = "# größe\nif x:\n    dx = 3 * x  # why\n    y = 1; dz = (4 *\n      z); w = 2\n"
    assert repaired(text, 3, "dx = 2 * x") == text.replace("3 * x", "2 * x")
    text = text.replace("; w = 2", "")
    assert repaired(text, 5, "dz = z") == text.replace("dz = (4 *\n      z)", "dz = z")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines_are_kept(end: str) -> None:
    text = end.join(["é = 1", "dx = 3 * é", "x = 1", ""])
    assert repaired(text, 2, "dx = 2 * é") == text.replace("3 * é", "2 * é")


def test_columns_are_those_of_characters() -> None:
    assert repaired("if 'ü': dx = 'ß'; y = 3  # é\n", 1, "dx = 2") == "if 'ü': dx = 2; y = 3  # é\n"


@pytest.mark.parametrize(("text", "line"), [("x = (\n", 1), ("x = 1\n", 7), ("import os\n", 1), ("", 1)])
def test_what_cannot_be_replaced_is_left_alone(text: str, line: int) -> None:
    assert repaired(text, line, "x = 2") is None


def test_another_statement_on_the_line_is_not_replaced() -> None:
    assert repaired("y = 1; dx = 3\n", 1, "dx = 2") is None
    assert repaired("dx += 3\n", 1, "dx = 2") is None


def test_a_replacement_that_is_no_python_or_changes_nothing_is_none() -> None:
    assert repaired("x = 1\n", 1, "x = = 2") is None
    assert repaired("x = 1\n", 1, "x = 1") is None


def test_the_strongest_finding_with_a_repair_counts() -> None:
    assert repaired_by(SOURCE, [FINDING], "student.py") == SOURCE.replace("3 * x", "2 * x")
    assert repaired_by(SOURCE, [FINDING], "other.py") is None


def test_the_diff_can_be_applied() -> None:
    lines = diff_of(SOURCE, SOURCE.replace("3 * x", "2 * x"), "a/student.py").splitlines()
    assert lines[:2] == ["--- a/a/student.py", "+++ b/a/student.py"]
    assert [line for line in lines[3:] if line[0] in "+-"] == ["-    dx = 3 * x", "+    dx = 2 * x"]
