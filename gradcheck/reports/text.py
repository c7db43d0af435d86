"""The report for a terminal: verdict, table of blocks, lines of a program, findings, advice and cost."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.columns import Column, table_of
from gradcheck.reports.data import LineReport, ReportData
from gradcheck.reports.layout import Constrain, Group, Indented, Layout, Table, Text, in_plain
from gradcheck.reports.numbers import short, size
from gradcheck.reports.signs import made_visible
from gradcheck.reports.table import HEADERS, MARK, legend_of, row_of
from gradcheck.verdicts.verdict import Verdict

#: Colour of each verdict in a terminal.
COLOUR = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}

#: Columns of text that is not written to a terminal: the widest report that most editors and CI logs do not wrap.
WIDTH = 110

#: Terminals with fewer columns show lines of a program as sentences, not as a table.
NARROW = 60

#: What to write to repeat a check in Python; ``{}`` is the seed.
RERUN = "rng={}"

#: Which of `HEADERS` stay where a terminal is narrow: the larger, the longer.
_IMPORTANCE = (9, 1, 3, 2, 7, 6, 5, 8)

#: The finding for an error that no mistake of the catalogue explains; `gradcheck explain` adds nothing to it.
_UNEXPLAINED = "GC000"


def text_of(report: ReportData, width: int | None = None, *, rerun: str = RERUN) -> str:
    """Write the report as plain text without colours.

    Parameters
    ----------
    report : ReportData
    width : int, optional
        Columns. By default prose has `WIDTH`, and rows of tables are as long as they need to be.
    rerun : str
        What to write to get the same random numbers again, with the seed in place of ``{}``.
    """
    return in_plain(render(report, width, rerun), width)


def render(report: ReportData, width: int | None = None, rerun: str = RERUN) -> Layout:
    """Lay the report out; the parameters are those of `text_of`. What controls a terminal becomes visible."""
    report = made_visible(report)
    table = _blocks(report, width)
    legend = [Text(line, style="dim") for line in legend_of(report, table.headers)]
    above: list[Layout | str] = [_headline(report), ""]
    between: list[Layout | str] = [*legend]
    if report.lines:
        between += ["", *_lines(report, width or WIDTH)]
    for finding in report.findings:
        between += ["", _finding(finding)]
    between += ["", *[Text(note) for note in notes_of(report)], _cost(report, rerun)]
    prose = width or WIDTH
    return Group(Constrain(Group(*above), prose), table, Constrain(Group(*between), prose))


def _headline(report: ReportData) -> Text:
    text = Text()
    text.append(report.verdict.value.upper(), style=f"bold {COLOUR[report.verdict]}")
    text.append(f"  {report.target}", style="bold")
    if report.kind == "gradient":
        text.append(f"   loss {short(report.loss, 7)} ± {size(report.noise)}")
    else:
        text.append(f"   {report.kind}")
    if report.method != "gradcheck":
        text.append(f"   {report.method} method")
    return text


def _blocks(report: ReportData, width: int | None) -> Table:
    """One row for each block of parameters."""
    rows: list[list[Text | str]] = []
    for block in report.blocks.values():
        *cells, verdict = row_of(block)
        rows.append([*cells, Text(verdict, style=COLOUR[block.verdict])])
    columns = [
        Column(header, importance, right=0 < place < len(HEADERS) - 1 and place != 1)
        for place, (header, importance) in enumerate(zip(HEADERS, _IMPORTANCE, strict=True))
    ]
    return table_of(columns, rows, width)


def _lines(report: ReportData, width: int) -> list[Layout]:
    """The lines of the backward pass, each with its mark, below the file if it is not the target itself."""
    files = list(dict.fromkeys(line.file for line in report.lines))
    shown: list[Layout] = []
    for file in files:
        shown += [Text(file, style="dim")] if file != report.target else []
        lines = [line for line in report.lines if line.file == file]
        shown += [_in_a_sentence(line) for line in lines] if width < NARROW else [_in_a_table(lines)]
    return shown


def _in_a_table(lines: Sequence[LineReport]) -> Table:
    rows = []
    for line in lines:
        code = Text(line.text or line.target, style="bold" if line.verdict is Verdict.FAIL else "")
        rows.append([Text(str(line.line)), Text(MARK[line.verdict], style=COLOUR[line.verdict]), code, Text(line.of)])
    return Table(["line", "", "", "with respect to"], rows, right=[0], fold=2)


def _in_a_sentence(line: LineReport) -> Text:
    """A line for a terminal that is too narrow for a table."""
    text = Text(f"{line.line} ")
    text.append(MARK[line.verdict], style=COLOUR[line.verdict])
    return text.append(f" {line.text or line.target} ({line.of})")


def _finding(finding: Finding) -> Layout:
    end = "" if finding.message.endswith((".", "?", "!")) else "."
    head = Text()
    head.append(finding.where, style="bold")
    head.append(f": {finding.message}{end}  ")
    head.append(f"{finding.code} {finding.slug}", style="dim")
    body = Text(f"{finding.evidence}\n{finding.fix}")
    return Group(head, Indented(body, 4))


def notes_of(report: ReportData) -> list[str]:
    """Reasons of the blocks that did not fail, one line for each reason; then notes, advice and where to read more."""
    blocks_by_note: dict[str, list[str]] = {}
    for block in report.blocks.values():
        if block.note and block.verdict is not Verdict.FAIL:
            blocks_by_note.setdefault(block.note, []).append(block.name)
    lines = [f"{', '.join(names)}: {note}" for note, names in blocks_by_note.items()]
    lines += report.notes
    if report.method == "gradcheck":
        lines.append(report.advice)
        codes = list(dict.fromkeys(finding.code for finding in report.findings if finding.code != _UNEXPLAINED))
        lines += [f"To read more: {', '.join(f'gradcheck explain {code}' for code in codes)}"] if codes else []
    return lines


def _cost(report: ReportData, rerun: str) -> Text:
    text = f"{report.cost}, {report.seconds:.2g} s; "
    text += f"rtol={report.rtol:g}, reproduce with {rerun.format(report.seed)}"
    return Text(text, style="dim")
