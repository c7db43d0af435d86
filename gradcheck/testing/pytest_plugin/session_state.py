"""How far a session came: which tests have ended, and why the others have not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import FrameType

#: Exit statuses of a session that has run all that was asked for, and why others have not.
FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
UNFINISHED = {
    pytest.ExitCode.INTERRUPTED: "the session was interrupted",
    pytest.ExitCode.INTERNAL_ERROR: "the session ended with an internal error of pytest or of a plugin",
    pytest.ExitCode.USAGE_ERROR: "the session ended with a usage error",
}


class SessionState:
    """What a session has done so far.

    Attributes
    ----------
    exit_status : int or None
        None before the session has ended.
    """

    def __init__(self) -> None:
        self.exit_status: int | None = None
        self._ended: set[str] = set()
        self._collected = 0
        self._reasons: list[str] = []

    def ended(self, test: str) -> None:
        """Note that a test has ended."""
        self._ended.add(test)

    def note(self, reason: str) -> None:
        """Note why the session is not complete."""
        if reason not in self._reasons:
            self._reasons.append(reason)

    def close(self, session: pytest.Session) -> None:
        """Note how the session ended."""
        status = int(session.exitstatus)
        self.exit_status = status
        for stopped in (session.shouldfail, session.shouldstop):
            if stopped:
                self.note(f"the session was stopped: {stopped}")
        if status not in FINISHED and not self._reasons:
            known = {int(code): reason for code, reason in UNFINISHED.items()}
            self.note(known.get(status, f"the session ended with exit status {status}"))
        tests = {item.nodeid for item in session.items} if getattr(session, "items", None) else None
        self._collected = len(tests) if tests is not None else session.testscollected
        missing = self._collected - len(self._ended)
        if missing > 0:
            self.note(f"{missing} of {self._collected} tests did not end")

    @property
    def unfinished(self) -> list[str]:
        """Why the session is not complete; empty if it is."""
        if self.exit_status is None and not self._reasons:
            return ["the session has not ended"]
        return list(self._reasons)


class Termination:
    """Handles SIGTERM while a session runs: something is done at once, then the session is interrupted.

    A handler that the user or another plugin has set is left alone.

    Parameters
    ----------
    action : callable
    """

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._active = False
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._handle)
            self._active = True

    def _handle(self, number: int, frame: FrameType | None) -> Any:
        self.restore()  # a second signal ends the process
        self._action()
        raise KeyboardInterrupt("SIGTERM")

    def restore(self) -> None:
        """Restore the handler from before."""
        if self._active:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._active = False
