"""A page of HTML about one or several targets: one file that loads nothing, for screens and for print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import LineReport, ReportData
from gradcheck.reports.heat_map import heat_maps
from gradcheck.reports.html import subtitle_of
from gradcheck.reports.numbers import size
from gradcheck.reports.outcome import Outcome, worst_first
from gradcheck.reports.repairs import diff_of, repaired
from gradcheck.reports.several import totals
from gradcheck.reports.signs import made_visible
from gradcheck.reports.step_curve import step_curve, with_curves
from gradcheck.reports.table import HEADERS, MARK, legend_of, row_of
from gradcheck.reports.template import FOLDER, filled
from gradcheck.reports.text import RERUN, notes_of
from gradcheck.verdicts.verdict import WORST_FIRST, Verdict

#: Lines of source around a line with a verdict that are shown; a file that is not longer is shown whole.
AROUND, WHOLE = 8, 150

#: Verdicts in the order of the filters.
_FILTERS = ("fail", "error", "undecided", "pass")


def page_of(outcomes: Sequence[Outcome], *, rerun: str = RERUN, title: str = "Gradient check") -> str:
    """Write the page.

    Parameters
    ----------
    outcomes : sequence of Outcome
    rerun : str
        As for `gradcheck.reports.text.text_of`.
    title : str

    Raises
    ------
    GradcheckError
        If jinja2 is not installed.
    """
    counts = Counter(outcome.verdict for outcome in outcomes)
    shown = [made_visible(outcome) for outcome in worst_first(outcomes)]
    return filled(
        FOLDER / "page.html",
        title=title,
        summary=f"{totals(outcomes)}.",
        counts=[(verdict, counts[verdict]) for verdict in _FILTERS if counts[verdict]],
        headers=HEADERS,
        outcomes=[_outcome(outcome, number, rerun, alone=len(shown) == 1) for number, outcome in enumerate(shown, 1)],
    )


def _outcome(outcome: Outcome, number: int, rerun: str, *, alone: bool) -> dict[str, Any]:
    shared = {
        "id": f"target-{number}",
        "target": outcome.target,
        "verdict": outcome.verdict,
        "open": alone or not outcome.passes,
        "report": outcome.report,
    }
    if outcome.report is not None:
        return shared | section_of(outcome.report, rerun)
    empty = dict.fromkeys(("codes", "lines"), "") | dict.fromkeys(("gap", "bar", "evaluations"), "–")
    return {**shared, **empty, "summary": outcome.summary, "error": outcome.error}


def section_of(report: ReportData, rerun: str) -> dict[str, Any]:
    """What ``target.html`` shows of a report, and the row of a table."""
    blocks = report.blocks.values()
    worst = max(blocks, key=lambda block: (block.relative_error >= 0, block.relative_error), default=None)
    maps = [(block.name, heat_maps(block)) for block in blocks]
    gradients = "1 gradient" if report.gradients == 1 else f"{report.gradients} gradients"
    return {
        "summary": "",
        "codes": ", ".join(dict.fromkeys(f"{each.code} {each.slug}" for each in report.findings)),
        "lines": ", ".join(dict.fromkeys(str(each.line) for each in report.findings if each.line is not None)),
        "gap": size(worst.relative_error if worst else None),
        "bar": size(worst.error_bar if worst else None),
        "evaluations": report.evaluations,
        "subtitle": subtitle_of(report),
        "advice": report.advice,
        "findings": [_finding(finding, report) for finding in report.findings],
        "legend": " ".join(legend_of(report)),
        "rows": [row_of(block) for block in blocks],
        "maps": [(name, pictures) for name, pictures in maps if pictures],
        "curves": [(block.name, step_curve(block, report.rtol)) for block in with_curves(report)],
        "measured": [(block.name, list(_entries(block.entries))) for block in blocks if block.entries],
        "sources": [_source(file, text, report) for file, text in report.sources.items() if _is_judged(file, report)],
        "notes": notes_of(report),
        "cost": f"{report.evaluations} evaluations of the loss, {gradients}, {report.seconds:.2g} s; "
        f"rtol={report.rtol:g}, reproduce with {rerun.format(report.seed)}",
    }


def _finding(finding: Finding, report: ReportData) -> dict[str, Any]:
    text = report.sources.get(finding.file or "", "")
    after = repaired(text, finding.line, finding.replacement) if finding.replacement and finding.line else None
    diff = diff_of(text, after, finding.file or "").split("\n")[2:] if after is not None else []
    kinds = {"+": "added", "-": "removed"}
    return {
        "where": finding.where,
        "message": finding.message,
        "code": finding.code,
        "slug": finding.slug,
        "evidence": finding.evidence,
        "fix": finding.fix,
        "diff": [(kinds.get(line[:1], "same"), line or " ") for line in diff],
    }


def _entries(entries: Sequence[Any]) -> Iterator[dict[str, str]]:
    for entry in entries:
        yield {
            "index": f"[{', '.join(map(str, entry.index))}]",
            "claimed": f"{entry.claimed:.6g}",
            "numeric": f"{entry.numeric:.6g}",
            "error": f"± {size(entry.error)}",
            "wrong": "wrong" if entry.wrong else "",
        }


def _is_judged(file: str, report: ReportData) -> bool:
    return any(line.file == file for line in report.lines) or any(finding.file == file for finding in report.findings)


def _source(file: str, text: str, report: ReportData) -> dict[str, Any]:
    """The lines of a file with their marks; of a long file, those around the marks."""
    lines = text.rstrip("\n").split("\n")
    judged: dict[int, list[LineReport]] = {}
    for line in report.lines:
        if line.file == file:
            judged.setdefault(line.line, []).append(line)
    marked = set(judged) | {each.line for each in report.findings if each.file == file and each.line is not None}
    shown = [
        number
        for number in range(1, len(lines) + 1)
        if len(lines) <= WHOLE or any(abs(number - other) <= AROUND for other in marked)
    ]
    found = {each.line for each in report.findings if each.file == file and report.verdict is Verdict.FAIL}
    return {"file": file, "lines": [_line(n, lines[n - 1], judged.get(n, []), n in found) for n in shown]}


def _line(number: int, text: str, judged: Sequence[LineReport], found: bool) -> dict[str, Any]:
    verdicts = {line.verdict for line in judged} | ({Verdict.FAIL} if found else set())
    verdict = next((each for each in WORST_FIRST if each in verdicts), None)
    return {
        "number": number,
        "text": text,
        "verdict": verdict.value if verdict else "",
        "mark": MARK[verdict] if verdict else "",
        "of": ", ".join(dict.fromkeys(f"with respect to {line.of}" for line in judged)),
    }
