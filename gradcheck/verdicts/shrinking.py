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


@contextmanager
def untraced() -> Iterator[None]:
    """Work unseen by Hypothesis, which looks for lines that only failing examples run, and takes five times as long so.

    Such a line of the user's runs at the user's own point already; nothing is learned from the many points around it.
    The tracers of debuggers and of coverage stay.
    """
    tracer = sys.gettrace()
    if not type(getattr(tracer, "__self__", None)).__module__.startswith("hypothesis."):
        yield
        return
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def _is_rehearsal() -> bool:
    """Whether an example is being run that will be run again to be shown. False where Hypothesis does not tell."""
    control = sys.modules.get("hypothesis.control")
    current = getattr(getattr(control, "_current_build_context", None), "value", None)
    return getattr(current, "is_final", True) is False
