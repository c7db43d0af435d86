"""The checks that are made while one test runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.reports.report import Report
    from gradcheck.testing.pytest_plugin.totals import Totals

#: Verdicts from the worst on.
_WORST = ("fail", "undecided", "pass")


class Record:
    """What a test has checked so far.

    A test under Hypothesis runs many times. `reports` are those of its last run, which is that of the smallest failing
    example; `totals` count all.

    Parameters
    ----------
    test : str
        Its node id.
    """

    def __init__(self, test: str) -> None:
        self.test = test
        self.reports: list[Report] = []
        self.totals: Totals | None = None
        self._lock = threading.Lock()  # a test may check in several threads

    @property
    def checks(self) -> int:
        """How many were made."""
        return self.totals.checks if self.totals is not None else 0

    def add(self, report: Report) -> None:
        """Note a check that has ended."""
        from gradcheck.testing.pytest_plugin.totals import Totals

        with self._lock:
            self.totals = self.totals or Totals()
            self.reports.append(report)
            self.totals.add(report, self.test)

    def restart(self) -> None:
        """Begin another run of the same test."""
        self.reports.clear()

    @property
    def properties(self) -> list[tuple[str, object]]:
        """What is told of the test in a JUnit file; verdict, seed and mistakes are those of the check that decides."""
        if self.totals is None:
            return []
        found: dict[str, object] = {"checks": self.totals.checks}
        if self.reports:
            decisive = min(self.reports, key=lambda report: _WORST.index(report.verdict.value))
            found |= {"verdict": decisive.verdict.value, "seed": decisive.seed}
            if not decisive:
                found["blocks"] = ", ".join(name for name, block in decisive.blocks.items() if not block.passes)
            if decisive.findings:
                found["findings"] = ", ".join(dict.fromkeys(f"{f.code} {f.slug}" for f in decisive.findings))
        found |= {"evaluations": self.totals.evaluations, "seconds": f"{self.totals.seconds:.3g}"}
        if self.totals.resolution is not None:
            found["resolution"] = f"{self.totals.resolution:.3g}"
        return [(f"gradcheck_{name}", value) for name, value in found.items()]

    def plain(self, form: str) -> dict[str, Any]:
        """All that the session should know, as plain data; with the reports themselves if they are to have a form."""
        assert self.totals is not None
        found: dict[str, Any] = {"totals": self.totals.plain(), "checks": []}
        if form:
            from gradcheck.testing.pytest_plugin.artifact import packed

            found["checks"] = [packed(report, form) for report in self.reports]
        return found
