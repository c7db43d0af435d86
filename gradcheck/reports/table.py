"""The table of blocks in the text and the HTML report: headers, one row for each block, and a legend."""

from __future__ import annotations

from collections.abc import Collection

from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.numbers import shape, short, size
from gradcheck.verdicts.verdict import Verdict

#: Mark in front of a line of a program.
MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗ wrong", Verdict.UNDECIDED: "?"}

HEADERS = ("block", "shape", "‖claimed‖", "‖numeric‖", "gap", "error bar", "resolution", "verdict")


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


def legend_of(report: ReportData, headers: Collection[str] = HEADERS) -> tuple[str, ...]:
    """What the columns with these headers mean, in at most two lines."""
    if report.method == "textbook":
        gap = "gap: ‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖). This method has no error bar and no resolution."
        return tuple(line for line in (_norms(headers), gap) if line)
    meanings = {
        "gap": "gap: largest relative difference found.",
        "error bar": "error bar: uncertainty of the gap.",
        "resolution": "resolution: smallest relative error of an entry that would be detected.",
    }
    gap, bar, resolution = (text if header in headers else "" for header, text in meanings.items())
    lines = ((_norms(headers), gap), (bar, resolution))
    return tuple(" ".join(filter(None, parts)) for parts in lines if any(parts))


def _norms(headers: Collection[str]) -> str:
    norms = [header for header in ("‖claimed‖", "‖numeric‖") if header in headers]
    if len(norms) == 2:
        return "‖claimed‖, ‖numeric‖: norms of the claimed and numerical gradients."
    return {"‖claimed‖": "‖claimed‖: norm of the claimed gradient."}.get("".join(norms), "")
