"""One line a problem, ``file:line:column: code message``, as editors and compilers' problem matchers read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradcheck.reports.outcome import Outcome
from gradcheck.reports.problems import Problem, problems_of, relative_to
from gradcheck.reports.signs import visible


def concise_of(outcomes: Sequence[Outcome]) -> str:
    """Write the problems of some targets; nothing for those that pass.

    Files in the current folder are named from there, as compilers do.
    """
    return "\n".join(map(_line, problems_of(outcomes)))


def _line(problem: Problem) -> str:
    place = problem.target if problem.file is None else problem.file
    if Path(place).is_absolute():
        place = relative_to(place, Path.cwd().resolve())
    return visible(f"{place}:{problem.line}:{problem.column}: {problem.code} {problem.message}")
