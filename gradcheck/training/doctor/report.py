"""The report of `gradcheck.doctor`: `DoctorData` with the methods that print it."""

from __future__ import annotations

from gradcheck.reports.html import preformatted
from gradcheck.training.doctor.data import DoctorData
from gradcheck.training.doctor.text import text_of


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

    def _repr_html_(self) -> str:
        return preformatted(str(self))
