"""Tracebacks without the frames of gradcheck: which frames to show, and which to hide."""

from __future__ import annotations

import inspect
import itertools
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from gradcheck.errors import GradcheckError

#: Flag of the code of a function that takes any number of positional arguments.
_VARIADIC = inspect.CO_VARARGS

_PACKAGE = Path(__file__).parent
_EXAMPLES = _PACKAGE / "app" / "examples"


def user_traceback(error: BaseException) -> str:
    """Format an exception without the frames of gradcheck, of optree and of Python's import system.

    The frames of the user and of the libraries that the user calls remain.
    """
    shown = traceback.TracebackException.from_exception(error)
    shown.stack = traceback.StackSummary.from_list([frame for frame in shown.stack if not _hidden(frame.filename)])
    return "".join(shown.format())


def is_internal(filename: str) -> bool:
    """Whether a file is part of gradcheck. Its examples count as code of the user."""
    path = Path(filename)
    return _PACKAGE in path.parents and _EXAMPLES not in path.parents


def hides_internal_frames(error: BaseException) -> bool:
    """Whether the frames of gradcheck can be left out of the traceback of an error.

    They can if the error is one of `gradcheck.errors`, or was raised by code of the user that gradcheck called. For any
    other error, a fault of gradcheck, all frames are shown.
    """
    end = error.__traceback__
    while end is not None and end.tb_next is not None:
        end = end.tb_next
    return isinstance(error, GradcheckError) or (end is not None and not is_internal(end.tb_frame.f_code.co_filename))


def user_frames(error: BaseException) -> TracebackType | None:
    """The traceback of an error without the frames of gradcheck; the whole one where none would be left."""
    kept: TracebackType | None = None
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if not _hidden(frame.f_code.co_filename):
            kept = TracebackType(kept, frame, frame.f_lasti, line)
    return kept or error.__traceback__


def pass_on_signal(error: BaseException) -> None:
    """Raise an exception again if a signal handler raised it, such as one that limits the time of a test.

    What a loss raises at a probe means that the step left its domain. What a signal handler raises while the loss runs
    has nothing to do with the loss. Its frame is known by its arguments: Python calls a handler with the number of the
    signal and the frame that it interrupts, which comes before it in the traceback.

    Parameters
    ----------
    error : BaseException
        That was caught.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if any(_handles_a_signal(frame, before) for before, frame in itertools.pairwise(frames)):
        raise error


def _handles_a_signal(frame: FrameType, before: FrameType) -> bool:
    arguments = itertools.pairwise(_arguments(frame))
    return any(isinstance(number, int) and interrupted is before for number, interrupted in arguments)


def _arguments(frame: FrameType) -> Iterator[Any]:
    """Positional arguments of a call, in their order."""
    code, values = frame.f_code, frame.f_locals
    yield from (values.get(name) for name in code.co_varnames[: code.co_argcount])
    if code.co_flags & _VARIADIC:
        more = values.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
        yield from more if isinstance(more, tuple) else ()


def _hidden(filename: str) -> bool:
    if filename.startswith("<frozen importlib") or "importlib" in Path(filename).parts:
        return True
    return is_internal(filename) or "optree" in Path(filename).parts
