"""How IPython shows a report where there is no HTML: the whole text, and one line inside of other things."""

from __future__ import annotations

from typing import Any


def pretty(report: object, printer: Any, cycle: bool) -> None:
    """Write a report to IPython's printer.

    Parameters
    ----------
    report : object
    printer : IPython.lib.pretty.RepresentationPrinter
    cycle : bool
        Whether the report contains itself.
    """
    inside = len(getattr(printer, "stack", ())) > 1  # of a list, for example
    printer.text(repr(report) if cycle or inside else str(report))
