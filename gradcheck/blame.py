"""The user's part of a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

_OURS = Path(__file__).parent
_EXAMPLES = _OURS / "examples"


def user_traceback(error: BaseException) -> str:
    """Format an exception with the frames that are the user's, or a library's on behalf of the user's.

    Frames before the first one outside gradcheck are left out, and those of gradcheck and the import machinery
    anywhere.
    """
    shown = traceback.TracebackException.from_exception(error)
    shown.stack = traceback.StackSummary.from_list([frame for frame in shown.stack if not _hidden(frame.filename)])
    return "".join(shown.format())


def _hidden(filename: str) -> bool:
    path = Path(filename)
    if filename.startswith("<frozen importlib") or "importlib" in path.parts:
        return True
    inside = _OURS in path.parents
    return (inside and _EXAMPLES not in path.parents) or "optree" in path.parts
