"""What a session's summary is made of: plain numbers, which can be added up over tests and sent by a worker."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.reports.report import Report

VERDICTS = ("pass", "fail", "undecided")


@dataclass
class Totals:
    """Sums over checks, and the extremes with where they stand.

    Attributes
    ----------
    checks, evaluations : int
    seconds : float
    verdicts : dict of str to int
    resolution : float or None
        The worst, that is largest, of a block that passed.
    slowest : float
        Seconds of the slowest check.
    coarsest, slow : str
        Where these two were met.
    """

    checks: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    resolution: float | None = None
    coarsest: str = ""
    slowest: float = 0.0
    slow: str = ""

    def add(self, report: Report, test: str) -> None:
        """Count one check."""
        seen = {name: float(block.resolution) for name, block in report.blocks.items() if block.resolution is not None}
        worst = max(seen, key=lambda name: seen[name], default=None)
        self.merge(
            Totals(
                1,
                int(report.evaluations),
                float(report.seconds),
                {verdict: int(verdict == report.verdict.value) for verdict in VERDICTS},
                seen[worst] if worst is not None else None,
                f"{worst} of {report.target}, {test}" if worst is not None else "",
                float(report.seconds),
                f"{report.target}, {test}",
            )
        )

    def merge(self, other: Totals) -> None:
        """Add those of other checks."""
        self.checks += other.checks
        self.evaluations += other.evaluations
        self.seconds += other.seconds
        self.verdicts = {verdict: self.verdicts[verdict] + other.verdicts[verdict] for verdict in VERDICTS}
        if other.resolution is not None and (self.resolution is None or other.resolution > self.resolution):
            self.resolution, self.coarsest = other.resolution, other.coarsest
        if other.slowest > self.slowest or not self.slow:
            self.slowest, self.slow = other.slowest, other.slow

    def plain(self) -> dict[str, Any]:
        """As a dict, from which ``Totals(**plain)`` makes the same again."""
        return asdict(self)
