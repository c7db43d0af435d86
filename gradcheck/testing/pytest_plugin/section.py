"""The section *gradcheck* of a failing test, with short messages and tracebacks without frames of gradcheck."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.checks.gradients import GradientMismatch
    from gradcheck.reports.report import Report

#: Number of reports that are shown in full, and of those that are shown in a line each: more would bury the first.
FULL_REPORTS, LISTED_REPORTS = 2, 6


def section(
    record: list[Report], raised: list[GradientMismatch], test: str, width: int, *, example: bool = False
) -> str:
    """Format the reports of the checks of a failing test.

    Parameters
    ----------
    record : list of Report
        The checks of the test.
    raised : list of GradientMismatch
        The exceptions that made it fail. Without any, the last check that did not pass is taken to be the cause.
    test : str
        Node id of the test.
    width : int
        Columns.
    example : bool
        Whether the message of the test shows an example that can be pasted.
    """
    from gradcheck.reports.text import text_of

    shown = list({id(error.report): error.report for error in raised}.values())
    others = [report for report in record if not report and all(report is not each for each in shown)]
    if not shown and others:
        shown = [others.pop()]
    if any(error.block for error in raised):
        others = []  # the report of one block is a part of a report in the record
    parts = [text_of(report, width) for report in shown[:FULL_REPORTS]]
    others = [*shown[FULL_REPORTS:], *others]
    if shown:
        parts += [_lines("Other checks of this test that did not pass:", others)] if others else []
        how = "paste the line @example(…) of the message above the test, then run\n" if example else ""
        parts.append(f'To reproduce: {how}pytest "{test}" --gradcheck-seed {shown[0].seed}')
    elif record:
        parts.append(_lines("All checks of this test passed:", record))
    return "\n\n".join(parts)


def _lines(head: str, reports: list[Report]) -> str:
    lines = [f"  {report.line}" for report in reports[:LISTED_REPORTS]]
    more = [f"  and {len(reports) - LISTED_REPORTS} more"] if len(reports) > LISTED_REPORTS else []
    return "\n".join([head, *lines, *more])


def raised_in(error: BaseException | None) -> list[GradientMismatch]:
    """Find the mismatches among an exception, its causes, and the members of an exception group."""
    checks = sys.modules.get("gradcheck.checks.gradients")
    if checks is None:
        return []
    return [each for each in _around(error) if isinstance(each, checks.GradientMismatch)]


def has_example(error: BaseException | None) -> bool:
    """Whether a note of an exception, or of those around it, is an example of Hypothesis that can be pasted."""
    return any(note.startswith("@example(") for each in _around(error) for note in getattr(each, "__notes__", ()))


def _around(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, its causes, and the members of an exception group."""
    seen: set[int] = set()
    waiting = [] if error is None else [error]
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = [*getattr(each, "exceptions", ()), *_of_doctest(each), each.__cause__, each.__context__]
        waiting = [*(one for one in inner if one is not None), *waiting]


def _of_doctest(error: BaseException) -> list[BaseException]:
    """What the examples of a doctest raised, which pytest holds inside an exception of its own."""
    failures = [error, *getattr(error, "failures", ())]
    held = [getattr(failure, "exc_info", None) for failure in failures]
    return [info[1] for info in held if isinstance(info, tuple) and len(info) == 3 and info[1] is not None]


def hide_frames(caught: Any) -> None:
    """Mark frames of gradcheck as hidden, so that pytest shows them with ``--full-trace`` only.

    Frames are kept if gradcheck itself raised an error that is not meant for the user.

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
    """Drop pytest's remark that all frames are hidden, from the subtest of a block.

    Parameters
    ----------
    shown : ExceptionRepr or any other representation of a failure
    """
    trace = getattr(shown, "reprtraceback", None)
    if trace is not None:
        trace.extraline = None


def _hidden(caught: Any) -> bool:
    """Whether a frame of gradcheck is hidden, as pytest asks it of each exception."""
    from gradcheck.tracebacks import hides_internal_frames

    return caught is None or hides_internal_frames(caught.value)
