"""The report for a notebook: a fragment of HTML that brings its own few styles and loads nothing."""

from __future__ import annotations

from html import escape

from gradcheck.reports.data import Report
from gradcheck.reports.numbers import shape, short, size
from gradcheck.verdicts.verdict import Verdict

_COLOUR = {Verdict.PASS: "#1a7f37", Verdict.FAIL: "#cf222e", Verdict.UNDECIDED: "#9a6700"}
_HEAD = ("block", "shape", "‖claimed‖", "‖numeric‖", "gap", "error bar", "resolution", "verdict")


def fragment_of(report: Report) -> str:
    """The report as a fragment of HTML."""
    rows = []
    for block in report.blocks.values():
        cells = [
            escape(block.name),
            shape(block.shape),
            short(block.claimed_norm),
            short(block.numeric_norm),
            size(block.relative_error),
            f"± {size(block.error_bar)}",
            size(block.resolution),
            _coloured(block.verdict, block.verdict.value),
        ]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    findings = "".join(
        f"<li><b>{escape(f.where)}</b>: {escape(f.message)} <code>{f.code} {f.slug}</code><br>{_lines(f.evidence)}<br>"
        f"{escape(f.fix)}</li>"
        for f in report.findings
    )
    return (
        f"<div><p>{_coloured(report.verdict, report.verdict.value.upper())} <b>{escape(report.target)}</b>, "
        f"loss {short(report.loss, 7)} ± {size(report.noise)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        + (f"<ul>{findings}</ul>" if findings else "")
        + f"<p><small>{escape(report.verdict.advice)}<br>{report.evaluations} evaluations of the loss, "
        f"{report.gradients} of the gradient; rtol={report.rtol:g}, reproduce with rng={report.seed}</small></p></div>"
    )


def _coloured(verdict: Verdict, text: str) -> str:
    return f'<b style="color:{_COLOUR[verdict]}">{text}</b>'


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())
