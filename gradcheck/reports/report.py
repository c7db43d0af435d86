"""The report that a check returns: its data, shown as text in a terminal and as HTML in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcheck.reports.data import ReportData
from gradcheck.reports.notebook import pretty

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, repr=False)
class Report(ReportData):
    """What a check found. True if the gradient passed.

    ``str(report)`` is the text report, ``repr(report)`` its summary in one line, and a notebook shows the report as a
    table. The attributes are those of `ReportData`, among them `verdict`, `blocks`, `findings`, `seed` and
    `evaluations`.
    """

    def __repr__(self) -> str:
        return f"<{self.line}>"  # what a test runner shows of ``assert check_gradients(...)``

    def __str__(self) -> str:
        from gradcheck.reports.text import text_of

        return text_of(self)

    def plot(self) -> Figure:
        """Draw the gap of each block beside its error bar, its error against the step, and the measured entries.

        Nothing is evaluated: the steps are those that the check took.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``report.plot().savefig("report.png")`` writes it.

        Raises
        ------
        SubjectError
            If matplotlib is not installed.
        """
        from gradcheck.reports.plots import figure_of

        return figure_of(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        pretty(self, printer, cycle)

    def _repr_html_(self) -> str:
        from gradcheck.reports.html import fragment_of

        return fragment_of(self)
