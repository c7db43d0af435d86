"""One line a problem, ``file:line:column: code message``, as editors and compilers' problem matchers read it."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.reports.outcome import Outcome
from gradcheck.reports.problems import Problem, problems_of
from gradcheck.reports.signs import visible


def concise_of(outcomes: Sequence[Outcome]) -> str:
    """Write the problems of some targets; nothing for those that pass."""
    return "\n".join(map(_line, problems_of(outcomes)))


def _line(problem: Problem) -> str:
    place = problem.target if problem.file is None else problem.file
    return visible(f"{place}:{problem.line}:{problem.column}: {problem.code} {problem.message}")
