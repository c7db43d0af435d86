"""The table of blocks in the text and the HTML report: headers, one row for each block, and a legend."""

from __future__ import annotations

from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.numbers import shape, short, size
from gradcheck.verdicts.verdict import Verdict

#: Mark in front of a line of a program.
MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗ wrong", Verdict.UNDECIDED: "?"}

HEADERS = ("block", "shape", "‖claimed‖", "‖numeric‖", "gap", "error bar", "resolution", "verdict")

_NORMS = "‖claimed‖, ‖numeric‖: norms of the claimed and numerical gradients."


def row_of(block: BlockReport) -> tuple[str, ...]:
    """One cell for each of `HEADERS`."""
    return (
        block.name,
        shape(block.shape),
        short(block.claimed_norm),
        short(block.numeric_norm),
        size(block.relative_error),
        f"± {bar}" if (bar := size(block.error_bar)) != "–" else bar,
        size(block.resolution),
        block.verdict.value,
    )


def legend_of(report: ReportData) -> tuple[str, ...]:
    """What the columns mean, in two lines."""
    if report.method == "textbook":
        return (
            _NORMS,
            "gap: ‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖). This method has no error bar and no resolution.",
        )
    return (
        f"{_NORMS} gap: largest relative difference found.",
        "error bar: uncertainty of the gap. resolution: smallest relative error of an entry that would be detected.",
    )
