"""The process that checks one of several targets: it reads a request from standard input, and writes the outcome.

Each target has a process of its own, so that modules of the same name, changed settings of libraries, threads, crashes
and endless loops of one target do not reach the others, and its report does not depend on them.
"""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gradcheck.app.check_target import Choices, check_target
from gradcheck.app.faults import fault_message
from gradcheck.app.targets import Target
from gradcheck.reports.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Request:
    """What a process is to check.

    Attributes
    ----------
    target : Target
    choices : Choices
    answer : str
        Path of the file that the pickled outcome is written to, once it is complete.
    """

    target: Target
    choices: Choices
    answer: str


def main() -> None:
    """Check what standard input says, and end the process, whatever threads the target has left."""
    request: Request = pickle.load(sys.stdin.buffer)
    sys.argv = ["gradcheck"]
    answer(request)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(0)


def answer(request: Request) -> None:
    """Check, and write the outcome."""
    outcome = check_target(request.target, request.choices)
    try:
        packed = pickle.dumps(outcome)
    except Exception as error:
        packed = pickle.dumps(Outcome(request.target.text, error=fault_message(error), fault=True))
    unfinished = Path(f"{request.answer}.part")
    unfinished.write_bytes(packed)
    unfinished.replace(request.answer)
