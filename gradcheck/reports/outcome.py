"""What became of one target of the command line: its report, or the reason why it could not be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradcheck.reports.data import ReportData
from gradcheck.reports.status import CANNOT_RUN, FAULT, GRAVEST_FIRST
from gradcheck.verdicts.verdict import Verdict

#: The verdict of a target that could not be checked, as formats write it.
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target.

    Attributes
    ----------
    target : str
        As it was given, or the path that was found in a folder.
    report : ReportData or None
        None if it could not be checked.
    error : str
        Why it could not be checked; the first line is a summary.
    fault : bool
        Whether the reason is a fault of gradcheck itself.
    file : str or None
    line : int
        Where the target stands in the source, or where it raised an exception; 1 if the line is unknown.
    seconds : float
        Time that it took, with loading.
    """

    target: str
    report: ReportData | None = None
    error: str = ""
    fault: bool = False
    file: str | None = None
    line: int = 1
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """``"pass"``, ``"fail"``, ``"undecided"`` or ``"error"``."""
        return ERROR if self.report is None else self.report.verdict.value

    @property
    def passes(self) -> bool:
        """Whether it was checked and passed."""
        return self.report is not None and self.report.verdict is Verdict.PASS

    @property
    def exit_status(self) -> int:
        """Exit status of this target alone."""
        if self.report is None:
            return FAULT if self.fault else CANNOT_RUN
        return self.report.verdict.exit_status

    @property
    def named(self) -> ReportData | None:
        """The report under the name of the target."""
        return None if self.report is None else replace(self.report, target=self.target)

    @property
    def details(self) -> str:
        """The error without its first line."""
        return self.error.partition("\n")[2]

    @property
    def summary(self) -> str:
        """The first line of the error."""
        return self.error.partition("\n")[0]

    @property
    def largest_error(self) -> float:
        """The largest relative error of a block; 0 if none is known."""
        blocks = self.report.blocks.values() if self.report is not None else ()
        return max((b.relative_error for b in blocks if b.relative_error > 0), default=0.0)


def worst_first(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes by their exit status, the gravest first, then by the size of the error, then as they came."""
    return sorted(outcomes, key=lambda each: (GRAVEST_FIRST.index(each.exit_status), -each.largest_error))
