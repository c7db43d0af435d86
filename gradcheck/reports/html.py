"""The report for a notebook: an HTML fragment with inline styles that loads no other file."""

from __future__ import annotations

from html import escape

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.numbers import short, size
from gradcheck.reports.signs import made_visible, visible
from gradcheck.reports.table import HEADERS, MARK, legend_of, row_of
from gradcheck.verdicts.verdict import Verdict

_COLOUR = {Verdict.PASS: "#1a7f37", Verdict.FAIL: "#cf222e", Verdict.UNDECIDED: "#9a6700"}


def fragment_of(report: ReportData) -> str:
    """Write the report as an HTML fragment."""
    report = made_visible(report)
    head = "".join(f"<th>{name}</th>" for name in HEADERS)
    rows = "".join(_row(block) for block in report.blocks.values())
    findings = "".join(_finding(finding) for finding in report.findings)
    return (
        f"<div><p>{_coloured(report.verdict, report.verdict.value.upper())} <b>{escape(report.target)}</b>, "
        f"{subtitle_of(report)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p><small>{'<br>'.join(legend_of(report))}</small></p>"
        + _source(report)
        + (f"<ul>{findings}</ul>" if findings else "")
        + "".join(f"<p>{escape(note)}</p>" for note in report.notes)
        + f"<p><small>{escape(report.advice)}<br>{report.cost}; "
        f"rtol={report.rtol:g}, reproduce with rng={report.seed}</small></p></div>"
    )


def preformatted(text: str) -> str:
    """A report that is a text, as an HTML fragment."""
    return f'<pre style="white-space: pre-wrap">{escape(visible(text))}</pre>'


def subtitle_of(report: ReportData) -> str:
    """The loss, or what kind of derivative was checked."""
    return f"loss {short(report.loss, 7)} ± {size(report.noise)}" if report.kind == "gradient" else report.kind


def _row(block: BlockReport) -> str:
    *cells, verdict = map(escape, row_of(block))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in (*cells, _coloured(block.verdict, verdict))) + "</tr>"


def _source(report: ReportData) -> str:
    """The lines of the backward pass with their marks, file by file."""
    shown = []
    for file in dict.fromkeys(line.file for line in report.lines):
        rows = "".join(
            f"<tr><td>{line.line}</td><td>{_coloured(line.verdict, MARK[line.verdict])}</td>"
            f"<td><code>{escape(line.text)}</code></td><td>{escape(line.of)}</td></tr>"
            for line in report.lines
            if line.file == file
        )
        head = f"<th>line</th><th></th><th>{escape(file)}</th><th>with respect to</th>"
        shown.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    return "".join(shown)


def _finding(finding: Finding) -> str:
    return (
        f"<li><b>{escape(finding.where)}</b>: {escape(finding.message)} <code>{finding.code} {finding.slug}</code>"
        f"<br>{_lines(finding.evidence)}<br>{_lines(finding.fix)}</li>"
    )


def _coloured(verdict: Verdict, text: str) -> str:
    return f'<b style="color:{_COLOUR[verdict]}">{text}</b>'


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())
