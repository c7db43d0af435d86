"""The report of `gradcheck.doctor`: `DoctorData` with the methods that print it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck.errors import SubjectError
from gradcheck.reports.html import preformatted
from gradcheck.reports.notebook import pretty
from gradcheck.training.doctor.data import DoctorData
from gradcheck.training.doctor.text import text_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class DoctorReport(DoctorData):
    """The result of `gradcheck.doctor`. True if the gradient is right and nothing was found.

    The attributes are those of `DoctorData`. As a string it is the report for a terminal.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        found = ", ".join(finding.slug for finding in self.findings) or "nothing found"
        return f"<DoctorReport gradient {self.verdict.value}, {found}: {self.target}>"

    def __str__(self) -> str:
        return text_of(self)

    def plot(self) -> Figure:
        """Draw the loss during the training and the trials, and what was measured to find the causes.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``report.plot().savefig("doctor.png")`` writes it.

        Raises
        ------
        SubjectError
            If matplotlib is not installed, or the training was not analysed because the gradient is wrong.
        """
        from gradcheck.training.doctor.plots import figure_of

        if self.figures is None:
            raise SubjectError("there is nothing to plot: the training was not analysed, because the gradient is wrong")
        return figure_of(self.figures)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        pretty(self, printer, cycle)

    def _repr_html_(self) -> str:
        return preformatted(str(self))
