"""What tools that show a message beside a line need: place, severity, code and message of each problem."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import ReportData
from gradcheck.reports.outcome import Outcome
from gradcheck.verdicts.verdict import Verdict

#: The code of a wrong gradient without a finding.
UNEXPLAINED = ("GC000", "unexplained")


class Level(enum.Enum):
    """Severity of a problem."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


#: Severity of a finding, by the verdict of the report.
_LEVELS = {Verdict.FAIL: Level.ERROR, Verdict.UNDECIDED: Level.WARNING, Verdict.PASS: Level.NOTE}


@dataclass(frozen=True, slots=True)
class Problem:
    """One message about one place.

    Attributes
    ----------
    target : str
    level : Level
        A wrong gradient and a target that could not be checked are errors, an undecided block is a warning, and a
        finding about a gradient that passes is a note.
    code, slug : str
        Of the finding; ``undecided`` and ``error`` if there is none.
    message : str
        In one line.
    details : str
        Evidence, what to do, or a traceback; may have several lines.
    file : str or None
    line, column : int
        From 1.
    """

    target: str
    level: Level
    code: str
    slug: str
    message: str
    details: str
    file: str | None
    line: int
    column: int


def problems_of(outcomes: Sequence[Outcome]) -> list[Problem]:
    """All problems, in the order of the targets and of their findings."""
    return [problem for outcome in outcomes for problem in _problems(outcome)]


def _problems(outcome: Outcome) -> Iterator[Problem]:
    report = outcome.report
    if report is None:
        yield _problem(outcome, Level.ERROR, ("error", "error"), outcome.summary, outcome.details)
        return
    level = _LEVELS[report.verdict]
    for finding in report.findings:
        yield _of_finding(outcome, report, finding, level)
    named = {name for finding in report.findings for name in finding.blocks}
    if report.verdict is Verdict.FAIL and not report.findings:
        for name, block in report.blocks.items():
            if block.verdict is Verdict.FAIL and name not in named:
                yield _problem(outcome, Level.ERROR, UNEXPLAINED, f"{block}", block.note)
    notes: dict[str, list[str]] = {}
    for name, block in report.blocks.items():
        if block.verdict is Verdict.UNDECIDED:
            notes.setdefault(block.note, []).append(name)
    for note, names in notes.items():
        yield _problem(outcome, Level.WARNING, ("undecided", "undecided"), f"{', '.join(names)}: {note}", "")


def _of_finding(outcome: Outcome, report: ReportData, finding: Finding, level: Level) -> Problem:
    message, details = f"{finding.where}: {finding.message}", f"{finding.evidence}\n{finding.fix}"
    code = (finding.code, finding.slug)
    if finding.file is None or finding.line is None:
        return _problem(outcome, level, code, message, details)
    if outcome.file is not None and Path(outcome.file).suffix == ".ipynb":  # lines are those of a cell
        return _problem(outcome, level, code, f"{finding.file}, line {finding.line}: {message}", details)
    lines = report.sources.get(finding.file, "").splitlines()
    text = lines[finding.line - 1] if finding.line <= len(lines) else ""
    column = len(text) - len(text.lstrip()) + 1
    return _problem(outcome, level, code, message, details, (finding.file, finding.line, column))


def _problem(
    outcome: Outcome,
    level: Level,
    code: tuple[str, str],
    message: str,
    details: str,
    place: tuple[str | None, int, int] | None = None,
) -> Problem:
    file, line, column = place or (outcome.file, outcome.line, 1)
    return Problem(outcome.target, level, *code, " ".join(message.split()), details.strip(), file, line, column)


def relative_to(file: str, root: Path) -> str:
    """Path of a file from a folder, with slashes; as it is if the file stands elsewhere."""
    path = Path(file).resolve()
    return (path.relative_to(root) if path.is_relative_to(root) else Path(file)).as_posix()
