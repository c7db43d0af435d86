"""Observers that receive the report of every check, such as a test runner that shows those of a failing test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.reports.report import Report

#: Observers of this process, in the order of their registration.
_observers: list[Callable[[Report], None]] = []

#: Whether reports are kept from observers, in this thread.
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def observed_by(observer: Callable[[Report], None]) -> Iterator[None]:
    """Call `observer` with the report of every check of this process, in any thread, while the context lasts."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


@contextmanager
def quiet() -> Iterator[None]:
    """Notify nobody in this thread while the context lasts: the check is a part of another one."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def notify_observers(report: Report) -> None:
    """Pass a report to all observers."""
    if _quiet.get():
        return
    for observer in tuple(_observers):
        observer(report)
