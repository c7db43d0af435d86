"""One line a problem, which editors read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.reports.concise import concise_of
from tests.reports.outcomes import all_kinds, broken, passing, program


def test_each_problem_has_one_line_with_its_place() -> None:
    lines = concise_of(all_kinds()).splitlines()
    assert len(lines) == 4
    assert all(re.match(r"[\w.]+:\d+:\d+: (GC\d{3}|undecided|error) \S", line) for line in lines)


def test_a_line_of_a_program() -> None:
    assert concise_of([program()]) == "student.py:4:5: GC102 dx: line 4: dx is 1.5 times the derivative"


def test_files_in_the_current_folder_are_named_from_there_and_others_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    inside, outside = tmp_path / "src" / "a.py", tmp_path / "b.py"
    raised = [replace(broken(), file=str(file), line=3) for file in (inside, outside)]
    assert concise_of(raised).splitlines() == [
        "a.py:3:1: error no such file",
        f"{outside.as_posix()}:3:1: error no such file",
    ]


def test_nothing_is_said_of_what_passes() -> None:
    assert concise_of([passing()]) == ""


def test_names_cannot_control_a_terminal() -> None:
    assert "\x1b" not in concise_of([program("a\x1b[2Jb.py")])
