"""Tests under Hypothesis: only the checks of their last run are told of, and only what says something to the user."""

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

#: A line of a file, as Hypothesis names it.
_PLACE = re.compile(r" +(.+):\d+")


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
        import gradcheck.checks.gradients  # noqa: F401

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


def hide_our_lines(error: BaseException) -> None:
    """Drop what is ours from Hypothesis' list of lines that only failing examples ran.

    It is true, a failing gradient is looked at more closely, but it says nothing of the user's code.
    """
    for inner in getattr(error, "exceptions", ()):
        hide_our_lines(inner)
    notes: list[str] = getattr(error, "__notes__", [])
    if "Explanation:" not in notes:
        return
    start = end = notes.index("Explanation:") + 1
    while end < len(notes) and notes[end].startswith(" "):
        end += 1
    places = {line: place[1] for line in notes[start:end] if (place := _PLACE.fullmatch(line))}
    mine = {line for line, file in places.items() if is_internal(file)}
    kept = [line for line in notes[start:end] if line not in mine and not (mine and line.lstrip().startswith("(and "))]
    notes[start - 1 : end] = ["Explanation:", *kept] if any(line in places for line in kept) else []
