"""The doctor's report as text for a terminal."""

from __future__ import annotations

import math
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.numbers import short, size
from gradcheck.reports.rendered import plain
from gradcheck.reports.signs import made_visible
from gradcheck.reports.text import COLOUR, RERUN, WIDTH
from gradcheck.reports.text import render as render_check
from gradcheck.training.doctor.data import DoctorData
from gradcheck.verdicts.verdict import Verdict

#: Adjective for the gradient, by verdict.
ADJECTIVES = {Verdict.PASS: "right", Verdict.FAIL: "wrong", Verdict.UNDECIDED: "undecided"}

#: Headers of the table of trials, after the names.
LOSSES = ("loss, median", "lowest", "highest", "seeds", "steps")


def text_of(report: DoctorData, width: int = WIDTH) -> str:
    """The report as plain text, without colours."""
    return plain(render(report, width), width)


def render(report: DoctorData, width: int = WIDTH, rerun: str = RERUN) -> RenderableType:
    """The report as a rich renderable: the gradient, the findings, and the trials."""
    shown = ("target", "regimen", "findings", "trials", "notes")
    report = replace(report, **{name: made_visible(getattr(report, name)) for name in shown})
    parts: list[RenderableType] = []
    if report.verdict is not Verdict.PASS:
        parts += [render_check(report.gradient, width, rerun), ""]
    parts.append(_headline(report))
    parts.append(Text(summary_of(report)))
    for finding in report.findings:
        parts += ["", _finding(finding)]
    if report.trials:
        parts += ["", Text("Measured trials (equal number of steps, best first):"), _trials(report)]
    parts += ["", *[Text(note) for note in (*report.notes, *advice_of(report))], Text(cost_of(report, rerun), "dim")]
    return Group(*parts)


def _headline(report: DoctorData) -> Text:
    text = Text()
    text.append(f"GRADIENT {ADJECTIVES[report.verdict].upper()}", style=f"bold {COLOUR[report.verdict]}")
    text.append(f"  {report.target}", style="bold")
    text.append(f"   {report.regimen}")
    if report.verdict is Verdict.PASS:
        worst = max((b.resolution for b in report.gradient.blocks.values() if b.resolution is not None), default=None)
        text.append(f"   errors above {size(worst)} would have been seen" if worst is not None else "")
    return text


def summary_of(report: DoctorData) -> str:
    """The loss before and after the steps that were executed."""
    if not report.training_analysed:
        return "Fix the gradient first; the training was not analysed."
    ended = short(report.ended, 6) if math.isfinite(report.ended) else "a value that is not finite"
    text = f"In {report.walked:,} steps the loss goes from {short(report.began, 6)} to {ended}."
    return text if report.findings else f"{text} No problem was found."


def _finding(finding: Finding) -> RenderableType:
    head = Text()
    head.append(finding.where, style="bold")
    head.append(f": {finding.message}.  ")
    head.append(f"{finding.code} {finding.slug}", style="dim")
    return Group(head, Padding(Text(f"{finding.evidence}\n{finding.fix}"), (0, 0, 0, 4)))


def _trials(report: DoctorData) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", justify="right")
    table.add_column("trial", overflow="fold")
    for name in LOSSES:
        table.add_column(name, justify="right", no_wrap=True)
    for i, (name, *cells) in enumerate(trial_rows(report), 1):
        table.add_row(str(i), Text(name, style="bold" if i == 1 else ""), *cells)
    return table


def trial_rows(report: DoctorData) -> list[tuple[str, ...]]:
    """The name of each trial, and a cell for each of `LOSSES`."""
    return [
        (
            trial.name,
            *(_loss(value) for value in (trial.median, trial.lowest, trial.highest)),
            str(trial.seeds),
            f"{trial.steps:,}",
        )
        for trial in report.trials
    ]


def _loss(value: float) -> str:
    return "diverged" if not math.isfinite(value) else short(value, 3)


def advice_of(report: DoctorData) -> list[str]:
    """The commands that explain the findings."""
    codes = list(dict.fromkeys(finding.code for finding in report.findings))
    return [f"Details: {', '.join(f'gradcheck explain {code}' for code in codes)}"] if codes else []


def cost_of(report: DoctorData, rerun: str) -> str:
    """What the diagnosis took, and what to type to repeat it."""
    text = f"{report.gradients:,} gradients, {report.evaluations:,} evaluations of the loss, {report.seconds:.2g} s; "
    return f"{text}reproduce with {rerun.format(report.seed)}"
