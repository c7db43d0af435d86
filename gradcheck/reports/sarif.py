"""SARIF 2.1.0, the format of results that code scanning services and editors read (OASIS, 2020)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gradcheck._version import __version__
from gradcheck.reports.gitlab import fingerprint
from gradcheck.reports.outcome import Outcome
from gradcheck.reports.pages import pages
from gradcheck.reports.problems import Level, Problem, problems_of, relative_to
from gradcheck.reports.status import gravest

#: What the standard says that the property ``$schema`` should be.
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}

#: Rules without a page.
_OTHER_RULES = {"undecided": "The arithmetic cannot decide whether the gradient is right."}

#: The base of relative addresses.
_BASE = "SRCROOT"


def sarif_of(outcomes: Sequence[Outcome], root: Path) -> str:
    """Write a log with one run.

    Parameters
    ----------
    outcomes : sequence of Outcome
    root : Path
        The folder that addresses are relative to.
    """
    summaries = {**_OTHER_RULES, **{page.code: page.summary for page in pages()}}
    found = [problem for problem in problems_of(outcomes) if problem.code != "error"]
    rules = {problem.code: problem.slug for problem in found}
    driver = {
        "name": "gradcheck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, slug, summaries) for code, slug in rules.items()],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(outcomes, root)],
        "originalUriBaseIds": {_BASE: {"uri": f"{root.as_uri().rstrip('/')}/"}},
        "results": _results(found, list(rules), root),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(code: str, slug: str, summaries: Mapping[str, str]) -> dict[str, Any]:
    words = "".join(word.capitalize() for word in slug.split("-"))
    summary = summaries.get(code, slug)
    return {
        "id": code,
        "name": words,
        "shortDescription": {"text": summary},
        "help": {"text": f"gradcheck explain {code}" if code not in _OTHER_RULES else summary},
    }


def _invocation(outcomes: Sequence[Outcome], root: Path) -> dict[str, Any]:
    """Whether all targets could be checked, and what kept the others from it."""
    errors = [problem for problem in problems_of(outcomes) if problem.code == "error"]
    return {
        "executionSuccessful": not errors,
        "exitCode": gravest(outcome.exit_status for outcome in outcomes),
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": f"{each.target}: {each.message}\n{each.details}".strip()},
                **_locations(each, root),
            }
            for each in errors
        ],
    }


def _results(problems: Sequence[Problem], rules: list[str], root: Path) -> list[dict[str, Any]]:
    seen: Counter[tuple[str, str]] = Counter()
    results = []
    for problem in problems:
        path = problem.target if problem.file is None else relative_to(problem.file, root)
        seen[path, problem.code] += 1
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": rules.index(problem.code),
                "level": _LEVELS[problem.level],
                "message": {"text": f"{problem.message}\n{problem.details}".strip()},
                "partialFingerprints": {"gradcheck/v1": fingerprint(path, problem.code, seen[path, problem.code])},
                **_locations(problem, root),
            }
        )
    return results


def _locations(problem: Problem, root: Path) -> dict[str, Any]:
    if problem.file is None:
        return {"locations": [{"logicalLocations": [{"fullyQualifiedName": problem.target}]}]}
    region = {"startLine": problem.line, "startColumn": problem.column}
    return {"locations": [{"physicalLocation": {"artifactLocation": _address(problem.file, root), "region": region}}]}


def _address(file: str, root: Path) -> dict[str, str]:
    path = relative_to(file, root)
    if Path(path).is_absolute() or path.startswith(".."):
        return {"uri": Path(file).resolve().as_uri()}
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": _BASE}
