"""Observers that receive the report of every check, such as a test runner that shows those of a failing test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.reports.report import Report

#: Observers of this process, in the order of their registration.
_observers: list[Callable[[Report], None]] = []


@contextmanager
def observed_by(observer: Callable[[Report], None]) -> Iterator[None]:
    """Call `observer` with the report of every check of this process, in any thread, while the context lasts."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def notify_observers(report: Report) -> None:
    """Pass a report to all observers."""
    for observer in tuple(_observers):
        observer(report)
