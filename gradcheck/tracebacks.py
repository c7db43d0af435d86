"""Tracebacks without the frames of gradcheck: which frames to show, and which to hide."""

from __future__ import annotations

import traceback
from pathlib import Path

from gradcheck.errors import GradcheckError

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


def _hidden(filename: str) -> bool:
    if filename.startswith("<frozen importlib") or "importlib" in Path(filename).parts:
        return True
    return is_internal(filename) or "optree" in Path(filename).parts
