"""A table for spreadsheets: one row a target, as comma-separated values with a header (RFC 4180)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from gradcheck.reports.outcome import Outcome
from gradcheck.reports.problems import problems_of
from gradcheck.reports.signs import made_visible
from gradcheck.verdicts.verdict import Verdict

HEADERS = (
    "target",
    "verdict",
    "codes",
    "lines",
    "message",
    "wrong_blocks",
    "blocks",
    "relative_error",
    "error_bar",
    "resolution",
    "evaluations",
    "seconds",
    "seed",
)

#: A cell that begins with one of these would be a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(outcomes: Sequence[Outcome]) -> str:
    """Write a header and one row for each target; what is unknown is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADERS)
    writer.writerows([_text(cell) if isinstance(cell, str) else cell for cell in _row(each)] for each in outcomes)
    return stream.getvalue().rstrip("\n")


def _row(outcome: Outcome) -> list[object]:
    outcome = made_visible(outcome)
    report, problems = outcome.report, problems_of([outcome])
    if report is None:
        return [outcome.target, outcome.verdict, "", "", outcome.summary, *[""] * 6, f"{outcome.seconds:.2f}", ""]
    blocks = list(report.blocks.values())
    worst = max(blocks, key=lambda block: (block.relative_error >= 0, block.relative_error), default=None)
    resolutions = [block.resolution for block in blocks if block.resolution is not None]
    return [
        outcome.target,
        outcome.verdict,
        " ".join(dict.fromkeys(finding.code for finding in report.findings)),
        " ".join(dict.fromkeys(str(f.line) for f in report.findings if f.line is not None)),
        "; ".join(problem.message for problem in problems),
        " ".join(block.name for block in blocks if block.verdict is Verdict.FAIL),
        len(blocks),
        _number(worst.relative_error if worst else None),
        _number(worst.error_bar if worst else None),
        _number(max(resolutions, default=None)),
        report.evaluations,
        f"{outcome.seconds:.2f}",
        report.seed,
    ]


def _number(value: float | None) -> float | str:
    return "" if value is None or math.isnan(value) else float(f"{value:.3g}")


def _text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
