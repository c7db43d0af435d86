"""Totals of checks as plain numbers, which can be added up over tests and sent by a worker."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.reports.report import Report

#: The verdicts, by their values, in the order of the summary and from the worst on.
VERDICT_NAMES = ("pass", "fail", "undecided")
WORST_FIRST = ("fail", "undecided", "pass")


@dataclass
class Totals:
    """Sums over checks, and the extremes with the checks that they come from.

    Attributes
    ----------
    checks, evaluations : int
    seconds : float
    verdicts : dict of str to int
    resolution : float or None
        The worst, that is the largest, resolution of a block that passed.
    coarsest : str
        The block with this resolution, and its test.
    slowest : float
        Seconds of the slowest check.
    slow : str
        The target of the slowest check, and its test.
    """

    checks: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICT_NAMES, 0))
    resolution: float | None = None
    coarsest: str = ""
    slowest: float = 0.0
    slow: str = ""

    def add(self, report: Report, test: str) -> None:
        """Add one check."""
        resolved = {name: float(b.resolution) for name, b in report.blocks.items() if b.resolution is not None}
        worst = max(resolved, key=lambda name: resolved[name], default=None)
        self.merge(
            Totals(
                checks=1,
                evaluations=int(report.evaluations),
                seconds=float(report.seconds),
                verdicts={verdict: int(verdict == report.verdict.value) for verdict in VERDICT_NAMES},
                resolution=resolved[worst] if worst is not None else None,
                coarsest=f"{worst} of {report.target}, {test}" if worst is not None else "",
                slowest=float(report.seconds),
                slow=f"{report.target}, {test}",
            )
        )

    def merge(self, other: Totals) -> None:
        """Add the totals of other checks."""
        self.checks += other.checks
        self.evaluations += other.evaluations
        self.seconds += other.seconds
        self.verdicts = {verdict: self.verdicts[verdict] + other.verdicts[verdict] for verdict in VERDICT_NAMES}
        if other.resolution is not None and (self.resolution is None or other.resolution > self.resolution):
            self.resolution, self.coarsest = other.resolution, other.coarsest
        if other.slowest > self.slowest or not self.slow:
            self.slowest, self.slow = other.slowest, other.slow

    def plain(self) -> dict[str, Any]:
        """Convert to a dict; ``Totals(**plain)`` converts it back."""
        return asdict(self)
