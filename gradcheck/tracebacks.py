"""Whose fault an error is: the user's part of a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

from gradcheck.errors import GradcheckError

_OURS = Path(__file__).parent
_EXAMPLES = _OURS / "app" / "examples"


def user_traceback(error: BaseException) -> str:
    """Format an exception with the frames that are the user's, or a library's on behalf of the user's.

    Frames before the first one outside gradcheck are left out, and those of gradcheck and the import machinery
    anywhere.
    """
    shown = traceback.TracebackException.from_exception(error)
    shown.stack = traceback.StackSummary.from_list([frame for frame in shown.stack if not _hidden(frame.filename)])
    return "".join(shown.format())


def ours(filename: str) -> bool:
    """Whether a file is part of gradcheck; its examples are like a user's own code."""
    path = Path(filename)
    return _OURS in path.parents and _EXAMPLES not in path.parents


def to_hide(error: BaseException) -> bool:
    """Whether frames of gradcheck only stand between the reader of a traceback and what it is about.

    They do where the error is meant for the user, and where it was raised by code of the user's that gradcheck called.
    An error that came about in gradcheck itself is to be shown with all its frames.
    """
    end = error.__traceback__
    while end is not None and end.tb_next is not None:
        end = end.tb_next
    return isinstance(error, GradcheckError) or (end is not None and not ours(end.tb_frame.f_code.co_filename))


def _hidden(filename: str) -> bool:
    if filename.startswith("<frozen importlib") or "importlib" in Path(filename).parts:
        return True
    return ours(filename) or "optree" in Path(filename).parts
