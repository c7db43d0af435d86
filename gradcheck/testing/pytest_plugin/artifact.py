"""The file that ``--gradcheck-report`` writes: the reports of all checks of a session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.reports.report import Report

#: Verdicts from the worst on.
_WORST = ("fail", "undecided", "pass")


def packed(report: Report, form: str) -> dict[str, Any]:
    """A report as text in its format, which a worker can send."""
    if form == "json":
        from gradcheck.reports.json import json_of

        return {"verdict": report.verdict.value, "report": json_of(report)}
    return {"verdict": report.verdict.value, "report": str(report)}


def write(path: Path, form: str, tests: dict[str, list[dict[str, Any]]]) -> None:
    """Write the reports, by test, in the order of their names: the same whatever ran where.

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
        "verdict": next((verdict for verdict in _WORST if verdict in found), None),
        "checks": [{"test": check["test"], "report": json.loads(check["report"])} for check in checks],
    }
    return json.dumps(whole, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _text(checks: list[dict[str, Any]]) -> str:
    return "\n\n".join(f"{check['test']}\n{'=' * len(check['test'])}\n{check['report']}" for check in checks) + "\n"
