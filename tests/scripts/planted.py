"""Helpers: a program checked or analysed from its text, and a program with a mistake planted in one of its lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradcheck.reports.report import Report
from gradcheck.scripts.analysis import Analysis, analyse
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.program import check_program
from gradcheck.scripts.replay.capture import capture
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.source import read
from gradcheck.verdicts.verdict import Verdict


def written(folder: Path, text: str) -> Path:
    """A file with the program."""
    path = folder / "train.py"
    path.write_text(text, encoding="utf-8")
    return path


def checked(folder: Path, text: str, **options: object) -> Report:
    """The report on a program."""
    return check_program(written(folder, text), rng=0, **options)  # type: ignore[arg-type]


def captured(folder: Path, text: str, function: str | None = None) -> Step:
    """The training step of a program."""
    path = written(folder, text)
    step: Step = capture(InstrumentedProgram(path, read(path)), (), function)[0]
    return step


def analysed(folder: Path, text: str, hints: Hints | None = None) -> Analysis:
    """The analysis of a program's training step."""
    hints = hints or Hints()
    with np.errstate(all="ignore"):
        return analyse(captured(folder, text, hints.function), hints, np.random.default_rng(0))


def planted(text: str, right: str, wrong: str) -> tuple[str, int]:
    """The program with a mistake, and the number of the line that contains it."""
    assert text.count(right) == 1
    text = text.replace(right, wrong)
    return text, 1 + text[: text.index(wrong)].count("\n")


def blamed(report: Report) -> set[int | None]:
    """Lines that a report calls wrong."""
    lines = {line.line for line in report.lines if line.verdict is Verdict.FAIL}
    return lines | {finding.line for finding in report.findings}
