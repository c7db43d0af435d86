"""The checks that one test makes: their reports, their totals, and the properties for a JUnit file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.reports.report import Report
    from gradcheck.testing.pytest_plugin.totals import Totals


class Record:
    """The checks of a test so far.

    A test under Hypothesis runs many times. `reports` are those of its last run, which is the smallest failing example;
    `totals` are those of all runs, and of the fixtures of a wider scope that were set up for this test first.
    `shared` are the reports of all fixtures of a wider scope that the test uses, whichever test they were set up for.

    Parameters
    ----------
    test : str
        Node id of the test.
    """

    def __init__(self, test: str) -> None:
        self.test = test
        self.reports: list[Report] = []
        self.shared: list[Report] = []
        self.totals: Totals | None = None
        self._own: Totals | None = None
        self._set_up: list[Report] = []
        self._lock = threading.Lock()  # a test may check in several threads

    @property
    def checks(self) -> int:
        """Number of checks of all runs."""
        return self.totals.checks if self.totals is not None else 0

    def add(self, report: Report) -> None:
        """Add a check that has ended."""
        with self._lock:
            self.reports.append(report)
            self.totals, self._own = _with(self.totals, report, self.test), _with(self._own, report, self.test)

    def add_shared(self, report: Report) -> None:
        """Add a check of a fixture of a wider scope, which is set up for this test first."""
        with self._lock:
            self._set_up.append(report)
            self.totals = _with(self.totals, report, self.test)

    def restart(self) -> None:
        """Start another run of the same test."""
        self.reports.clear()

    @property
    def properties(self) -> list[tuple[str, object]]:
        """Properties for a JUnit file. Verdict, seed and findings are those of the check with the worst verdict."""
        if self._own is None and not self.shared:
            return []
        from gradcheck.testing.pytest_plugin.totals import WORST_FIRST, Totals

        totals = Totals()
        for report in self.shared:
            totals.add(report, self.test)
        if self._own is not None:
            totals.merge(self._own)
        found: dict[str, object] = {"checks": totals.checks}
        if self.shown:
            worst = min(self.shown, key=lambda report: WORST_FIRST.index(report.verdict.value))
            found |= {"verdict": worst.verdict.value, "seed": worst.seed}
            if not worst:
                found["blocks"] = ", ".join(name for name, block in worst.blocks.items() if not block.passes)
            if worst.verdict.value == "fail":
                found["where"] = "; ".join(worst.places)
            if worst.findings:
                found["findings"] = ", ".join(dict.fromkeys(f"{f.code} {f.slug}" for f in worst.findings))
        found |= {"evaluations": totals.evaluations, "seconds": f"{totals.seconds:.3g}"}
        if totals.resolution is not None:
            found["resolution"] = f"{totals.resolution:.3g}"
        return [(f"gradcheck_{name}", value) for name, value in found.items()]

    @property
    def shown(self) -> list[Report]:
        """The reports that a section may show: those of fixtures first."""
        return [*self.shared, *self.reports]

    def plain(self, form: str) -> dict[str, Any]:
        """Return the totals as plain data for the session, and the reports as well if they have a format."""
        assert self.totals is not None
        found: dict[str, Any] = {"totals": self.totals.plain(), "checks": []}
        if form:
            from gradcheck.testing.pytest_plugin.report_file import packed

            found["checks"] = [packed(report, form) for report in [*self._set_up, *self.reports]]
        return found


def _with(totals: Totals | None, report: Report, test: str) -> Totals:
    """Totals with one more check; new ones, if there are none yet."""
    from gradcheck.testing.pytest_plugin.totals import Totals

    totals = totals or Totals()
    totals.add(report, test)
    return totals
