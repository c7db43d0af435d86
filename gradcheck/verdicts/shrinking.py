"""Runs of Hypothesis that nobody reads: while it shrinks a failing example, the diagnosis is skipped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SHRINKING: ContextVar[bool] = ContextVar("gradcheck_shrinking", default=False)


def shrinking() -> bool:
    """Whether the verdict alone is wanted, because the example at hand is not the final one."""
    return _SHRINKING.get()


@contextmanager
def shrinking_run() -> Iterator[None]:
    """Skip the diagnosis inside, if this is an example of Hypothesis that is not the final one."""
    token = _SHRINKING.set(_is_shrinking())
    try:
        yield
    finally:
        _SHRINKING.reset(token)


@contextmanager
def untraced() -> Iterator[None]:
    """Suspend the tracer of Hypothesis, which records the lines that only failing examples run, at five times the cost.

    Such a line of the user's functions runs at the user's own point already; the many points around it add nothing. The
    tracers of debuggers and of coverage stay.
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


def _is_shrinking() -> bool:
    """Whether the current example will be run again to be shown. False where Hypothesis does not say."""
    control = sys.modules.get("hypothesis.control")
    current = getattr(getattr(control, "_current_build_context", None), "value", None)
    return getattr(current, "is_final", True) is False
