"""Annotations of GitHub Actions: workflow commands that show a message beside a line of a change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradcheck.reports.outcome import Outcome
from gradcheck.reports.problems import Level, Problem, problems_of, relative_to
from gradcheck.reports.signs import visible

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def github_of(outcomes: Sequence[Outcome], root: Path) -> str:
    """Write one workflow command for each problem.

    Parameters
    ----------
    outcomes : sequence of Outcome
    root : Path
        The folder of the repository, which paths are relative to.
    """
    return "\n".join(_command(problem, root) for problem in problems_of(outcomes))


def _command(problem: Problem, root: Path) -> str:
    named = problem.code if problem.code == problem.slug else f"{problem.code} {problem.slug}"
    properties = {"title": f"gradcheck: {named}"}
    if problem.file is not None:
        place = {"file": relative_to(problem.file, root), "line": str(problem.line), "col": str(problem.column)}
        properties = {**place, **properties}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = f"{problem.message}\n{problem.details}".strip()
    return f"::{_COMMANDS[problem.level]} {given}::{_data(text)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
