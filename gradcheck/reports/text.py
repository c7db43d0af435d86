"""The report for a terminal: verdict, table of blocks, lines of a program, findings, advice and cost."""

from __future__ import annotations

import io

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import ReportData
from gradcheck.reports.numbers import short, size
from gradcheck.reports.table import HEADERS, legend_of, row_of
from gradcheck.verdicts.verdict import Verdict

#: Colour of each verdict in a terminal.
COLOUR = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}

#: Mark in front of a line of a program.
MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗ wrong", Verdict.UNDECIDED: "?"}

#: Columns of text that is not written to a terminal: the widest report that most editors and CI logs do not wrap.
WIDTH = 110

#: The finding for an error that no mistake of the catalogue explains; `gradcheck explain` adds nothing to it.
_UNEXPLAINED = "GC000"


def text_of(report: ReportData, width: int = WIDTH) -> str:
    """Write the report as plain text without colours."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, force_terminal=False, legacy_windows=False).print(
        render(report)
    )
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def coloured_of(report: ReportData) -> str:
    """Write the report as wide as the terminal, in colour unless NO_COLOR is set."""
    console = Console()
    with console.capture() as capture:
        console.print(render(report))
    return capture.get().rstrip("\n")


def render(report: ReportData) -> RenderableType:
    """Lay the report out for rich."""
    legend = [Text(line, style="dim") for line in legend_of(report)]
    parts: list[RenderableType] = [_headline(report), "", _blocks(report), *legend]
    if report.lines:
        parts += ["", *_lines(report)]
    for finding in report.findings:
        parts += ["", _finding(finding)]
    parts += ["", *[Text(note) for note in _notes(report)], _cost(report)]
    return Group(*parts)


def _headline(report: ReportData) -> Text:
    text = Text()
    text.append(report.verdict.value.upper(), style=f"bold {COLOUR[report.verdict]}")
    text.append(f"  {report.target}", style="bold")
    text.append(f"   loss {short(report.loss, 7)} ± {size(report.noise)}")
    if report.method != "gradcheck":
        text.append(f"   {report.method} method")
    return text


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _blocks(report: ReportData) -> Table:
    """One row for each block of parameters."""
    name, dimensions, *numbers, verdict = HEADERS
    table = _table()
    table.add_column(name, overflow="fold")
    table.add_column(dimensions, no_wrap=True)
    for header in numbers:
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column(verdict, no_wrap=True)
    for block in report.blocks.values():
        name, *cells, verdict = row_of(block)
        table.add_row(Text(name), *cells, Text(verdict, style=COLOUR[block.verdict]))
    return table


def _lines(report: ReportData) -> list[RenderableType]:
    """The lines of the backward pass, each with its mark, grouped by file if there are several files."""
    files = list(dict.fromkeys(line.file for line in report.lines))
    shown: list[RenderableType] = []
    for file in files:
        shown += [Text(file, style="dim")] if len(files) > 1 else []
        table = _table()
        table.add_column("line", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("", overflow="fold")
        table.add_column("with respect to", no_wrap=True)
        for line in report.lines:
            if line.file == file:
                style = COLOUR[line.verdict]
                code = Text(line.text or line.target, style="bold" if line.verdict is Verdict.FAIL else "")
                table.add_row(str(line.line), Text(MARK[line.verdict], style=style), code, Text(line.of))
        shown.append(table)
    return shown


def _finding(finding: Finding) -> RenderableType:
    end = "" if finding.message.endswith((".", "?", "!")) else "."
    head = Text()
    head.append(finding.where, style="bold")
    head.append(f": {finding.message}{end}  ")
    head.append(f"{finding.code} {finding.slug}", style="dim")
    body = Text(f"{finding.evidence}\n{finding.fix}")
    return Group(head, Padding(body, (0, 0, 0, 4)))


def _notes(report: ReportData) -> list[str]:
    """Reasons of the blocks that did not fail, one line for each reason; then notes, advice and where to read more."""
    blocks_by_note: dict[str, list[str]] = {}
    for block in report.blocks.values():
        if block.note and block.verdict is not Verdict.FAIL:
            blocks_by_note.setdefault(block.note, []).append(block.name)
    lines = [f"{', '.join(names)}: {note}" for note, names in blocks_by_note.items()]
    lines += report.notes
    if report.method == "gradcheck":
        lines.append(report.verdict.advice)
        codes = list(dict.fromkeys(finding.code for finding in report.findings if finding.code != _UNEXPLAINED))
        lines += [f"To read more: {', '.join(f'gradcheck explain {code}' for code in codes)}"] if codes else []
    return lines


def _cost(report: ReportData) -> Text:
    gradients = "1 gradient" if report.gradients == 1 else f"{report.gradients} gradients"
    text = f"{report.evaluations} evaluations of the loss, {gradients}, {report.seconds:.2g} s; "
    text += f"rtol={report.rtol:g}, reproduce with rng={report.seed}"
    return Text(text, style="dim")
