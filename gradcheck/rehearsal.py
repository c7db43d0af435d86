"""Will anybody read what a failing check finds? Not while Hypothesis shrinks: it fails hundreds of times unseen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNREAD: ContextVar[bool] = ContextVar("gradcheck_unread", default=False)


def unread() -> bool:
    """Whether findings may be left out."""
    return _UNREAD.get()


@contextmanager
def rehearsal() -> Iterator[None]:
    """Leave findings out inside, if this is an example of Hypothesis that is not the final one."""
    token = _UNREAD.set(_is_rehearsal())
    try:
        yield
    finally:
        _UNREAD.reset(token)


def _is_rehearsal() -> bool:
    """Whether an example is being run that will be run again to be shown. False where Hypothesis does not tell."""
    control = sys.modules.get("hypothesis.control")
    current = getattr(getattr(control, "_current_build_context", None), "value", None)
    return getattr(current, "is_final", True) is False
