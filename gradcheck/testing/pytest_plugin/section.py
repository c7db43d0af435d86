"""The section *gradcheck* of a failing test, and what goes with it: short messages, and no frames of ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.checks.gradients import GradientMismatch
    from gradcheck.reports.report import Report

#: Reports that are shown in full, and those of which a line is shown.
FULL, LINES = 2, 6


def section(record: list[Report], raised: list[GradientMismatch], test: str, width: int) -> str:
    """What a reader of a failing test should know of its checks.

    Parameters
    ----------
    record : list of Report
        The checks of the test.
    raised : list of GradientMismatch
        The exceptions that made it fail; without one, the last check that did not pass is taken to be the cause.
    test : str
        Its node id.
    width : int
        Columns.
    """
    from gradcheck.reports.text import text_of

    full = list({id(error.report): error.report for error in raised}.values())
    open_ = [report for report in record if not report and all(report is not shown for shown in full)]
    if not full and open_:
        full = [open_.pop()]
    parts = [text_of(report, width) for report in full[:FULL]]
    others = [*full[FULL:], *(open_ if not any(error.block for error in raised) else [])]
    if full:
        parts += [_lines("Other checks of this test that did not pass:", others)] if others else []
        parts.append(f'To see it again: pytest "{test}" --gradcheck-seed {full[0].seed}')
    elif record:
        parts.append(_lines("All checks of this test passed:", record))
    return "\n\n".join(parts)


def _lines(head: str, reports: list[Report]) -> str:
    shown = [f"  {report.line}" for report in reports[:LINES]]
    more = [f"  and {len(reports) - LINES} more"] if len(reports) > LINES else []
    return "\n".join([head, *shown, *more])


def raised_in(error: BaseException | None) -> list[GradientMismatch]:
    """The mismatches that an exception is, comes from, or holds, as a group of Hypothesis' does."""
    api = sys.modules.get("gradcheck.checks.gradients")
    if api is None or error is None:
        return []
    return [each for each in _all_of(error, set()) if isinstance(each, api.GradientMismatch)]


def _all_of(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    seen.add(id(error))
    yield error
    for inner in (*getattr(error, "exceptions", ()), error.__cause__, error.__context__):
        if inner is not None and id(inner) not in seen:
            yield from _all_of(inner, seen)


def hide_frames(caught: Any) -> None:
    """Let pytest leave out our frames where they only stand in between; with ``--full-trace`` it shows them.

    Parameters
    ----------
    caught : pytest.ExceptionInfo
    """
    from gradcheck.tracebacks import hides_internal_frames, is_internal

    if not hides_internal_frames(caught.value):
        return
    for entry in caught.traceback:
        if is_internal(str(entry.path)):
            entry.frame.f_globals.setdefault("__tracebackhide__", _hidden)


def hide_remark(shown: Any) -> None:
    """Drop pytest's remark that all frames are hidden: the subtest of a block has none of the user's.

    Parameters
    ----------
    shown : ExceptionRepr or any other representation of a failure
    """
    trace = getattr(shown, "reprtraceback", None)
    if trace is not None:
        trace.extraline = None


def _hidden(caught: Any) -> bool:
    from gradcheck.tracebacks import hides_internal_frames

    return caught is None or hides_internal_frames(caught.value)
