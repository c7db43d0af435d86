"""Tests under Hypothesis: the record keeps the checks of the last run, and explanations name the user's lines only."""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradcheck.tracebacks import is_internal

if TYPE_CHECKING:
    import pytest

    from gradcheck.testing.pytest_plugin.record import Record

#: A line of source code in an explanation of Hypothesis: indented, file and line number.
_SOURCE_LINE = re.compile(r" +(.+):\d+")


@contextmanager
def restarted_by_each_example(item: pytest.Item, record: Record) -> Iterator[None]:
    """Restart the record of a test under Hypothesis at each example.

    Hypothesis runs the smallest failing example again, last of all, so its checks are left in the record.
    ``hypothesis.inner_test`` is the documented way to wrap the function that it calls. Hypothesis also times each
    example; so that loading gradcheck does not count, it is loaded before the first one.
    """
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    inner = getattr(handle, "inner_test", None)
    if handle is None or inner is None:
        yield
        return
    if "gradcheck" in getattr(item, "fixturenames", ()) or _imports_gradcheck(inner):
        import gradcheck.checks.gradients  # noqa: F401

    handle.inner_test = _restarting(inner, record)
    try:
        yield
    finally:
        handle.inner_test = inner


def _imports_gradcheck(function: Any) -> bool:
    """Whether the module of a test has a name from gradcheck."""
    known = (types.ModuleType, types.FunctionType, type)
    things = [thing for thing in getattr(function, "__globals__", {}).values() if isinstance(thing, known)]
    names = (thing.__name__ if isinstance(thing, types.ModuleType) else thing.__module__ for thing in things)
    return any(str(name).partition(".")[0] == "gradcheck" for name in names)


def _restarting(inner: Any, record: Record) -> Any:
    """Wrap a test function so that it restarts the record; a coroutine function stays one."""
    if inspect.iscoroutinefunction(inner):

        @functools.wraps(inner)
        async def restarting_coroutine(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            record.restart()
            return await inner(*args, **kwargs)

        return restarting_coroutine

    @functools.wraps(inner)
    def restarting(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        record.restart()
        return inner(*args, **kwargs)

    return restarting


def drop_own_lines(error: BaseException) -> None:
    """Drop lines of gradcheck from Hypothesis's explanation, the list of lines that only failing examples ran.

    A wrong gradient is examined further, so some lines of gradcheck are always among them. They are not about the
    user's code. Hypothesis gives the list as notes of the exception, and in no other form.
    """
    for inner in getattr(error, "exceptions", ()):
        drop_own_lines(inner)
    notes: list[str] = getattr(error, "__notes__", [])
    if "Explanation:" not in notes:
        return
    start = end = notes.index("Explanation:") + 1
    while end < len(notes) and notes[end].startswith(" "):
        end += 1
    files = {line: found[1] for line in notes[start:end] if (found := _SOURCE_LINE.fullmatch(line))}
    own = {line for line, file in files.items() if is_internal(file)}
    kept = [line for line in notes[start:end] if line not in own and not (own and line.lstrip().startswith("(and "))]
    notes[start - 1 : end] = ["Explanation:", *kept] if any(line in files for line in kept) else []
