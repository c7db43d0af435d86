"""A program with a mistake planted in one of its lines, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from gradcheck.reports.report import Report
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict


def checked(folder: Path, text: str, **options: object) -> Report:
    """The report on a program."""
    path = folder / "train.py"
    path.write_text(text, encoding="utf-8")
    return check_program(path, rng=0, **options)  # type: ignore[arg-type]


def planted(text: str, right: str, wrong: str) -> tuple[str, int]:
    """The program with a mistake, and the number of the line that it is in."""
    assert text.count(right) == 1
    text = text.replace(right, wrong)
    return text, 1 + text[: text.index(wrong)].count("\n")


def accused(report: Report) -> set[int | None]:
    """Lines that are called wrong."""
    lines = {line.line for line in report.lines if line.verdict is Verdict.FAIL}
    return lines | {finding.line for finding in report.findings}
