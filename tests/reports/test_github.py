"""Annotations of GitHub Actions, with their escapes."""

from __future__ import annotations

from pathlib import Path

from gradcheck.reports.github import github_of
from tests.reports.outcomes import all_kinds, program

HERE = Path.cwd()


def test_each_problem_is_a_command_of_its_severity() -> None:
    commands = [line.split(" ")[0] for line in github_of(all_kinds(), HERE).splitlines()]
    assert commands == ["::error", "::warning", "::error", "::error"]


def test_place_and_title() -> None:
    (line,) = github_of([program()], HERE).splitlines()
    assert line.startswith("::error file=student.py,line=4,col=5,title=gradcheck%3A GC102 constant-factor::dx: line 4")


def test_what_would_end_a_property_or_a_line_is_escaped() -> None:
    (line,) = github_of([program("100%,a:b.py")], HERE).splitlines()
    assert "file=100%25%2Ca%3Ab.py," in line
    assert "%0A" in line.partition("::dx")[2]
