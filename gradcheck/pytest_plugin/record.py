"""The checks that are made while one test runs."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradcheck.pytest_plugin.totals import Totals

if TYPE_CHECKING:
    import pytest

    from gradcheck.report import Report

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
        self.totals = Totals()

    def add(self, report: Report) -> None:
        """Note a check that has ended."""
        self.reports.append(report)
        self.totals.add(report, self.test)

    def restart(self) -> None:
        """Begin another run of the same test."""
        self.reports.clear()

    @property
    def open(self) -> list[Report]:
        """Reports of the last run that did not pass."""
        return [report for report in self.reports if not report]

    @property
    def properties(self) -> list[tuple[str, object]]:
        """What is told of the test in a JUnit file; verdict, seed and mistakes are those of the check that decides."""
        if not self.totals.checks:
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


@contextmanager
def each_example(item: pytest.Item, record: Record) -> Iterator[None]:
    """Let a test under Hypothesis begin anew in the record with every example.

    Hypothesis runs the smallest failing example once more, last of all. ``hypothesis.inner_test`` is its own way of
    wrapping the function that it calls. It also times each example, so the checker is loaded before the first.
    """
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    inner = getattr(handle, "inner_test", None)
    if handle is None or inner is None:
        yield
        return
    if "gradcheck" in getattr(item, "fixturenames", ()) or _knows_us(inner):
        import gradcheck.api  # noqa: F401

    handle.inner_test = _counted(inner, record)
    try:
        yield
    finally:
        handle.inner_test = inner


def _knows_us(function: Any) -> bool:
    """Whether the module of a test has imported anything of gradcheck."""
    known = (types.ModuleType, types.FunctionType, type)
    things = [thing for thing in getattr(function, "__globals__", {}).values() if isinstance(thing, known)]
    names = (thing.__name__ if isinstance(thing, types.ModuleType) else thing.__module__ for thing in things)
    return any(str(name).partition(".")[0] == "gradcheck" for name in names)


def _counted(inner: Any, record: Record) -> Any:
    """The same function, which restarts the record."""
    if inspect.iscoroutinefunction(inner):

        @functools.wraps(inner)
        async def waiting(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            record.restart()
            return await inner(*args, **kwargs)

        return waiting

    @functools.wraps(inner)
    def plain(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        record.restart()
        return inner(*args, **kwargs)

    return plain
