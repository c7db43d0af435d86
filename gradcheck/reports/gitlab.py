"""A code quality report of GitLab, which merge requests show beside the lines that they change."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gradcheck.reports.outcome import Outcome
from gradcheck.reports.problems import Level, Problem, problems_of, relative_to

_SEVERITY = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def gitlab_of(outcomes: Sequence[Outcome], root: Path) -> str:
    """Write the problems as a JSON array; a problem keeps its fingerprint while its place and kind stay the same."""
    seen: Counter[tuple[str, str]] = Counter()
    objects = []
    for problem in problems_of(outcomes):
        path = problem.target if problem.file is None else relative_to(problem.file, root)
        seen[path, problem.code] += 1
        objects.append(_object(problem, path, fingerprint(path, problem.code, seen[path, problem.code])))
    return json.dumps(objects, indent=2, ensure_ascii=False)


def _object(problem: Problem, path: str, identity: str) -> dict[str, object]:
    return {
        "description": f"{problem.code}: {problem.message}",
        "check_name": problem.slug,
        "fingerprint": identity,
        "severity": _SEVERITY[problem.level],
        "location": {"path": path, "lines": {"begin": problem.line}},
    }


def fingerprint(path: str, code: str, number: int) -> str:
    """What stays the same from run to run: neither line numbers nor measured values enter."""
    return hashlib.sha256(f"{path}\0{code}\0{number}".encode("utf-8", "backslashreplace")).hexdigest()
