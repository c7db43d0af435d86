"""Checks targets in processes of their own, several at once, each for a limited time."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from click.exceptions import Exit

from gradcheck.app.check_target import Choices
from gradcheck.app.child import Request
from gradcheck.app.targets import Target
from gradcheck.reports.outcome import Outcome

#: Bytes of what a target prints that are kept, the last ones: a program may print without end.
KEPT_OUTPUT = 20_000

#: The error of targets that were not finished when the user pressed Ctrl-C.
INTERRUPTED = "interrupted before the check was finished"

#: What a process runs. ``-P`` keeps files of the working directory from taking the place of libraries.
_COMMAND = "import sys; sys.path.append({root!r}); from gradcheck.app.child import main; main()"


@dataclass
class Processes:
    """The processes that run now, so that all of them can be ended.

    Attributes
    ----------
    timeout : float or None
        Seconds that each target may take.
    """

    timeout: float | None = None
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _stopped: bool = False

    def check(self, target: Target, choices: Choices) -> tuple[Outcome, str]:
        """The outcome of a target, and the end of what it printed."""
        if self._stopped:
            return _failed(target, INTERRUPTED), ""
        if target.problem:
            return _failed(target, target.problem), ""
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="gradcheck-") as folder, tempfile.TemporaryFile() as printed:
            answer = Path(folder, "outcome")
            request = pickle.dumps(Request(target, choices, str(answer)))
            ended = self._run(request, printed)
            if answer.is_file():
                return pickle.loads(answer.read_bytes()), _end_of(printed)
            error = INTERRUPTED if self._stopped else self._why(ended)
            return _failed(target, error, time.perf_counter() - started), _end_of(printed)

    def stop(self) -> None:
        """End all processes; those that have not started will not."""
        self._stopped = True
        for process in list(self._running):
            _kill(process)

    def _run(self, request: bytes, printed: IO[bytes]) -> int | None:
        """Run a process to its end. Returns its status; None if it took too long."""
        root = str(Path(__file__).parents[2])
        command = [sys.executable, "-P", "-c", _COMMAND.format(root=root)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=printed,
            start_new_session=os.name == "posix",
            env={**os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"},
        )
        self._running.append(process)
        try:
            process.communicate(request, timeout=self.timeout)
            return process.returncode
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill(process)
            self._running.remove(process)

    def _why(self, status: int | None) -> str:
        if status is None:
            return f"the check took more than {self.timeout:g} s (--timeout {self.timeout:g})"
        if status < 0:
            name = next((each.name for each in signal.Signals if each == -status), str(-status))
            return f"its process was ended by the signal {name} before the check was finished"
        return f"its code ended the process, with status {status}, before the check was finished"


def check_all(
    targets: Sequence[Target],
    choices: Choices,
    *,
    jobs: int = 1,
    timeout: float | None = None,
    finished: Callable[[Outcome, str], object] = lambda outcome, printed: None,
) -> list[Outcome]:
    """Check targets in processes of their own.

    Parameters
    ----------
    targets : sequence of Target
    choices : Choices
    jobs : int
        How many processes run at once.
    timeout : float, optional
        Seconds for each.
    finished : callable
        Called, in the order of the targets, with each outcome and the end of what the target printed.

    Returns
    -------
    list of Outcome
        In the order of the targets. After Ctrl-C, those that were not finished have an error that says so.
    """
    processes = Processes(timeout)
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(jobs) as pool, _ended_by_signal():
        futures = [pool.submit(processes.check, target, choices) for target in targets]
        for future in futures:
            with _ended_by_interrupt(processes):
                future.exception()  # waits
            outcome, printed = future.result()
            outcomes.append(outcome)
            finished(outcome, printed)
    return outcomes


@contextmanager
def _ended_by_interrupt(processes: Processes) -> Iterator[None]:
    """Let Ctrl-C end the processes, and the wait for them; whatever else ends the wait ends them, too."""
    try:
        yield
    except BaseException as error:
        processes.stop()
        if not isinstance(error, KeyboardInterrupt):
            raise


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Let SIGTERM raise an exception, so that no process goes on when a service stops this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminated(number: int, frame: object) -> NoReturn:
    raise Exit(128 + number)


def _failed(target: Target, error: str, seconds: float = 0.0) -> Outcome:
    file, line = target.place or (None, 1)
    return Outcome(target.text, error=error, file=file, line=line, seconds=seconds)


def _end_of(printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - KEPT_OUTPUT))
    text = printed.read().decode("utf-8", "backslashreplace").replace("\r\n", "\n").strip("\n")
    return text if size <= KEPT_OUTPUT else f"... (the last {KEPT_OUTPUT:,} of {size:,} bytes)\n{text}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process with those that it started, if it runs."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
