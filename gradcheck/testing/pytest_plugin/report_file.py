"""The file that ``--gradcheck-report`` writes: the reports of all checks of a session, in one of several formats."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.testing.pytest_plugin.totals import WORST_FIRST

if TYPE_CHECKING:
    from gradcheck.reports.outcome import Outcome
    from gradcheck.reports.report import Report
    from gradcheck.testing.pytest_plugin.session_state import SessionState

#: What is typed to repeat a test; ``{}`` is the seed.
_RERUN = "--gradcheck-seed {}"


def packed(report: Report, form: str) -> dict[str, Any]:
    """Convert a report into text that a worker can send: its verdict, and the report in a format, or pickled."""
    if form == "json":
        from gradcheck.reports.json import json_of

        return {"verdict": report.verdict.value, "report": json_of(report)}
    if form == "text":
        return {"verdict": report.verdict.value, "report": str(report)}
    return {"verdict": report.verdict.value, "report": base64.b64encode(pickle.dumps(report)).decode("ascii")}


def write(path: Path, form: str, tests: dict[str, list[dict[str, Any]]], state: SessionState, root: Path) -> None:
    """Write the packed reports of each test, ordered by the names of the tests, and whether the session is complete.

    The order does not depend on which worker ran what. The file is replaced as a whole.

    Parameters
    ----------
    path : Path
    form : str
        ``"json"``, ``"text"``, ``"html"``, ``"sarif"`` or ``"junit"``.
    tests : dict
        Of each test the packed reports, with the `file` and `line` where the test stands.
    state : SessionState
    root : Path
        The folder that the files of tests are relative to.

    Raises
    ------
    OSError
        If the file cannot be written.
    GradcheckError
        If a library that the format needs is not installed.
    """
    checks = [{"test": test, **check} for test in sorted(tests) for check in tests[test]]
    if form == "json":
        text = _json(checks, state)
    elif form == "text":
        text = _text(checks, state)
    else:
        text = _page(form, _outcomes(checks, state, root), root)
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


def _outcomes(checks: list[dict[str, Any]], state: SessionState, root: Path) -> list[Outcome]:
    """The checks as targets of the command line, and one that could not be checked if the session is not complete."""
    from gradcheck.reports.outcome import Outcome

    found = []
    for check in checks:
        report = pickle.loads(base64.b64decode(check["report"]))
        target = f"{check['test']}: {report.target}"
        place = {"file": str(root / check["file"]), "line": check["line"]}
        found.append(Outcome(target, report, seconds=report.seconds, **place))
    if state.unfinished:
        reasons = "; ".join(state.unfinished)
        found.insert(0, Outcome("the session", error=f"NOT COMPLETE: {reasons}"))
    return found


def _page(form: str, outcomes: list[Outcome], root: Path) -> str:
    if form == "html":
        from gradcheck.reports.page import page_of

        return page_of(outcomes, rerun=_RERUN)
    if form == "sarif":
        from gradcheck.reports.sarif import sarif_of

        return sarif_of(outcomes, root)
    from gradcheck.reports.junit import junit_of

    return junit_of(outcomes)
