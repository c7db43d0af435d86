"""Who is told of every check that ends: a test runner that wants to show the reports of a failing test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.reports.report import Report

_observers: list[Callable[[Report], None]] = []


@contextmanager
def observed_by(observer: Callable[[Report], None]) -> Iterator[None]:
    """Call `observer` with the report of every check of this process, whichever thread makes it."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def told(report: Report) -> Report:
    """The same report, after all who listen were told of it."""
    for observer in tuple(_observers):
        observer(report)
    return report
