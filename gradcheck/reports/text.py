"""The report for a terminal."""

from __future__ import annotations

import io

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import Report
from gradcheck.reports.numbers import shape, short, size
from gradcheck.verdicts.verdict import Verdict

#: Of each verdict, in a terminal.
COLOUR = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}

#: Before a line of a program.
MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗ wrong", Verdict.UNDECIDED: "?"}

#: Width where there is no terminal to ask.
WIDTH = 110


def text_of(report: Report, width: int = WIDTH) -> str:
    """The report as plain text, without colours."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, force_terminal=False, legacy_windows=False).print(
        render(report)
    )
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def coloured_of(report: Report) -> str:
    """The report as wide as the terminal, with colours unless NO_COLOR is set."""
    console = Console()
    with console.capture() as capture:
        console.print(render(report))
    return capture.get().rstrip("\n")


def render(report: Report) -> RenderableType:
    """The report for rich: one line a block, then the findings, then what it cost."""
    parts: list[RenderableType] = [_headline(report), "", _blocks(report)]
    if report.lines:
        parts += ["", *_lines(report)]
    for finding in report.findings:
        parts += ["", _finding(finding)]
    parts += ["", *[Text(note) for note in _notes(report)], _cost(report)]
    return Group(*parts)


def _headline(report: Report) -> Text:
    text = Text()
    text.append(report.verdict.value.upper(), style=f"bold {COLOUR[report.verdict]}")
    text.append(f"  {report.target}", style="bold")
    text.append(f"   loss {short(report.loss, 7)} ± {size(report.noise)}")
    if report.method != "gradcheck":
        text.append(f"   {report.method} method")
    return text


def _blocks(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("block", overflow="fold")
    table.add_column("shape", no_wrap=True)
    for name in ("‖claimed‖", "‖numeric‖", "gap", "error bar", "resolution"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for block in report.blocks.values():
        table.add_row(
            Text(block.name),
            shape(block.shape),
            short(block.claimed_norm),
            short(block.numeric_norm),
            size(block.relative_error),
            f"± {size(block.error_bar)}",
            size(block.resolution),
            Text(block.verdict.value, style=COLOUR[block.verdict]),
        )
    return table


def _lines(report: Report) -> list[RenderableType]:
    """The lines of the backward pass, each with its mark; the file above them where there are several."""
    files = list(dict.fromkeys(line.file for line in report.lines))
    shown: list[RenderableType] = []
    for file in files:
        shown += [Text(file, style="dim")] if len(files) > 1 else []
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("line", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("", overflow="fold")
        table.add_column("derivative by", no_wrap=True)
        for line in report.lines:
            if line.file == file:
                style = COLOUR[line.verdict]
                code = Text(line.text or line.target, style="bold" if line.verdict is Verdict.FAIL else "")
                table.add_row(str(line.line), Text(MARK[line.verdict], style=style), code, Text(line.of))
        shown.append(table)
    return shown


def _finding(finding: Finding) -> RenderableType:
    head = Text()
    head.append(finding.where, style="bold")
    head.append(f": {finding.message}.  ")
    head.append(f"{finding.code} {finding.slug}", style="dim")
    body = Text(f"{finding.evidence}\n{finding.fix}")
    return Group(head, Padding(body, (0, 0, 0, 4)))


def _notes(report: Report) -> list[str]:
    told: dict[str, list[str]] = {}
    for block in report.blocks.values():
        if block.note and block.verdict is not Verdict.FAIL:
            told.setdefault(block.note, []).append(block.name)
    lines = [f"{', '.join(names)}: {note}" for note, names in told.items()]
    lines += report.notes
    if report.method == "gradcheck":
        lines.append(report.verdict.advice)
        named = list(dict.fromkeys(f.code for f in report.findings if f.code != "GC000"))
        lines += [f"More on it: {', '.join(f'gradcheck explain {code}' for code in named)}"] if named else []
    return lines


def _cost(report: Report) -> Text:
    gradients = "1 gradient" if report.gradients == 1 else f"{report.gradients} gradients"
    text = f"{report.evaluations} evaluations of the loss, {gradients}, {report.seconds:.2g} s; "
    text += f"rtol={report.rtol:g}, reproduce with rng={report.seed}"
    return Text(text, style="dim")
