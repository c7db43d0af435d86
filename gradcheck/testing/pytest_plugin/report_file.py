"""The file that ``--gradcheck-report`` writes: the reports of all checks of a session, as JSON or as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.testing.pytest_plugin.totals import WORST_FIRST

if TYPE_CHECKING:
    from gradcheck.reports.report import Report


def packed(report: Report, form: str) -> dict[str, Any]:
    """Convert a report into plain data that a worker can send: its verdict, and its text in a format."""
    if form == "json":
        from gradcheck.reports.json import json_of

        return {"verdict": report.verdict.value, "report": json_of(report)}
    return {"verdict": report.verdict.value, "report": str(report)}


def write(path: Path, form: str, tests: dict[str, list[dict[str, Any]]]) -> None:
    """Write the packed reports of each test, ordered by the names of the tests.

    The order does not depend on which worker ran what.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    checks = [{"test": test, **check} for test in sorted(tests) for check in tests[test]]
    path.write_text(_json(checks) if form == "json" else _text(checks), encoding="utf-8")


def _json(checks: list[dict[str, Any]]) -> str:
    import json

    from gradcheck._version import __version__

    found = {check["verdict"] for check in checks}
    whole = {
        "version": __version__,
        "verdict": next((verdict for verdict in WORST_FIRST if verdict in found), None),
        "checks": [{"test": check["test"], "report": json.loads(check["report"])} for check in checks],
    }
    return json.dumps(whole, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _text(checks: list[dict[str, Any]]) -> str:
    return "\n\n".join(f"{check['test']}\n{'=' * len(check['test'])}\n{check['report']}" for check in checks) + "\n"
