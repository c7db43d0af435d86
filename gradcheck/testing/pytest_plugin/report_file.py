"""The file that ``--gradcheck-report`` writes: the reports of all checks of a session, as JSON or as text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.testing.pytest_plugin.totals import WORST_FIRST

if TYPE_CHECKING:
    from gradcheck.reports.report import Report
    from gradcheck.testing.pytest_plugin.session_state import SessionState


def packed(report: Report, form: str) -> dict[str, Any]:
    """Convert a report into plain data that a worker can send: its verdict, and its text in a format."""
    if form == "json":
        from gradcheck.reports.json import json_of

        return {"verdict": report.verdict.value, "report": json_of(report)}
    return {"verdict": report.verdict.value, "report": str(report)}


def write(path: Path, form: str, tests: dict[str, list[dict[str, Any]]], state: SessionState) -> None:
    """Write the packed reports of each test, ordered by the names of the tests, and whether the session is complete.

    The order does not depend on which worker ran what. The file is replaced as a whole.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    checks = [{"test": test, **check} for test in sorted(tests) for check in tests[test]]
    text = _json(checks, state) if form == "json" else _text(checks, state)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _json(checks: list[dict[str, Any]], state: SessionState) -> str:
    import json

    from gradcheck._version import __version__

    found = {check["verdict"] for check in checks}
    worst = next((verdict for verdict in WORST_FIRST if verdict in found), None)
    whole = {
        "version": __version__,
        "verdict": None if worst == "pass" and state.unfinished else worst,
        "complete": not state.unfinished,
        "unfinished": state.unfinished,
        "exit_status": state.exit_status,
        "checks": [{"test": check["test"], "report": json.loads(check["report"])} for check in checks],
    }
    return json.dumps(whole, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _text(checks: list[dict[str, Any]], state: SessionState) -> str:
    parts = [f"{check['test']}\n{'=' * len(check['test'])}\n{check['report']}" for check in checks]
    head = [f"NOT COMPLETE: {'; '.join(state.unfinished)}"] if state.unfinished else []
    return "\n\n".join([*head, *parts]) + "\n"
