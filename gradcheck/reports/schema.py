"""JSON schemas of the report of one check and of the report of a test session.

Write them to the documentation with ``python -m gradcheck.reports.schema > docs/report.schema.json`` and
``python -m gradcheck.reports.schema session > docs/session.schema.json``.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Literal

from pydantic import TypeAdapter
from typing_extensions import TypedDict

#: A finite number, or "NaN", "Infinity", "-Infinity".
Number = float | Literal["NaN", "Infinity", "-Infinity"]

VerdictName = Literal["pass", "fail", "undecided"]


class EntryObject(TypedDict):
    """One measured entry of a gradient."""

    index: list[int]
    claimed: Number
    numeric: Number
    error: Number
    wrong: bool


class BlockObject(TypedDict):
    """One block of parameters."""

    name: str
    shape: list[int]
    dtype: str
    verdict: VerdictName
    claimed_norm: Number
    numeric_norm: Number | None
    relative_error: Number
    error_bar: Number
    resolution: Number | None
    block_resolution: Number | None
    worst: EntryObject | None
    entries: list[EntryObject]
    where: str
    note: str


class FindingObject(TypedDict):
    """One finding; the strongest comes first."""

    code: str
    slug: str
    where: str
    file: str | None
    line: int | None
    message: str
    evidence: str
    fix: str


class LineObject(TypedDict):
    """One line of the backward pass of a script."""

    file: str
    line: int
    target: str
    of: str
    verdict: VerdictName
    factor: Number | None
    text: str


class ReportObject(TypedDict):
    """The report of one check.

    `kind` is the kind of derivative that was checked; `method` says how the verdict was reached.
    """

    version: str
    target: str
    verdict: VerdictName
    method: Literal["gradcheck", "textbook"]
    kind: Literal["gradient", "jacobian", "product", "adjoint", "hessian", "problem"]
    seed: int
    rtol: float
    loss: Number
    noise: Number
    evaluations: int
    gradients: int
    seconds: float
    blocks: list[BlockObject]
    findings: list[FindingObject]
    lines: list[LineObject]
    notes: list[str]


class ErrorObject(TypedDict):
    """A target that could not be checked; ``error`` says why."""

    version: str
    target: str
    verdict: Literal["error"]
    error: str
    seed: None
    evaluations: int
    seconds: float
    blocks: list[BlockObject]
    findings: list[FindingObject]
    lines: list[LineObject]


class TargetsObject(TypedDict):
    """The outcomes of several targets, in the order in which they were given."""

    targets: list[ReportObject | ErrorObject]


class CheckObject(TypedDict):
    """One check of a test session."""

    test: str
    report: ReportObject


class SessionObject(TypedDict):
    """The checks of a test session.

    The verdict is the worst of theirs. It is null if there were none, or if the session is not complete and all checks
    so far have passed. `unfinished` says why a session is not complete. `exit_status` is that of pytest, or null if the
    session had not ended when the file was written.
    """

    version: str
    verdict: VerdictName | None
    complete: bool
    unfinished: list[str]
    exit_status: int | None
    checks: list[CheckObject]


def schema() -> dict[str, Any]:
    """JSON schema of what ``gradcheck check --format json`` prints: one target, or an object with several."""
    outcome: Any = ReportObject | ErrorObject | TargetsObject
    return TypeAdapter(outcome).json_schema()


def session_schema() -> dict[str, Any]:
    """JSON schema of the file that ``pytest --gradcheck-report`` writes."""
    return TypeAdapter(SessionObject).json_schema()


if __name__ == "__main__":
    chosen = session_schema() if sys.argv[1:] == ["session"] else schema()
    sys.stdout.write(json.dumps(chosen, indent=2) + "\n")
