"""Where a test of the layer contract stands: in the file of the user's class, not in that of the contract."""

from __future__ import annotations

import inspect
import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def locate_inherited(item: pytest.Item) -> None:
    """Move the location of a test that a class inherits from gradcheck to that class.

    Annotations, JUnit files and verbose output take it from there.
    """
    found = _lines_of(getattr(item, "cls", type(item)))
    if found is not None:
        path, line = found
        relative = os.path.relpath(path, item.config.rootpath)
        item.__dict__["location"] = (relative, line - 1, item.location[2])


@cache
def _lines_of(kind: type) -> tuple[str, int] | None:
    """File and line of a class; None if it has none."""
    try:
        return inspect.getfile(kind), inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return None


def move_crash(item: pytest.Item, shown: Any, error: BaseException) -> None:
    """Let a failure that the contract raised point to the user's class, and drop the remark that frames are hidden.

    Parameters
    ----------
    item : pytest.Item
    shown : ExceptionRepr or any other representation of a failure
    error : BaseException
    """
    from gradcheck.testing.pytest_plugin.section import hide_remark
    from gradcheck.tracebacks import is_internal

    end = error.__traceback__
    while end is not None and end.tb_next is not None:
        end = end.tb_next
    found = _lines_of(getattr(item, "cls", type(item)))
    if end is None or not is_internal(end.tb_frame.f_code.co_filename):
        return
    hide_remark(shown)
    crash = getattr(shown, "reprcrash", None)
    if crash is not None and found is not None:
        crash.path, crash.lineno = found
