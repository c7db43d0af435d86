"""Outcomes that the tests of formats share: one of each verdict, and a target that could not be checked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from gradcheck import Report, check_gradients
from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import LineReport
from gradcheck.reports.outcome import Outcome
from gradcheck.verdicts.verdict import Verdict

SOURCE = "import numpy as np\nx = 1.0\nfor i in range(3):\n    dx = 3 * x\n    x -= 0.1 * dx\n"

FINDING = Finding(
    "GC102",
    "constant-factor",
    "dx",
    "line 4: dx is 1.5 times the derivative",
    "measured: 1.5 ± 1e-10",
    "Write: dx = 2 * x",
    "student.py",
    4,
    blocks=("x",),
    replacement="dx = 2 * x",
)


@cache
def checked(factor: float, noise: float = 0.0) -> Report:
    """A report about the sum of squares of one to four, whose claimed gradient is the right one times a factor."""
    rng = np.random.default_rng(0)

    def loss(x: Any) -> float:
        return float(x @ x) + noise * rng.normal()

    gradient = eval("lambda x: 2 * factor * x", {"factor": factor})  # has no source, thus no line
    return check_gradients(loss, gradient, np.arange(1.0, 5.0), rng=1)


#: In parts, since pages show the source of this file where they show its lines.
RIGHT = ".".join(("right", "py"))


def passing(target: str = f"{RIGHT}:make") -> Outcome:
    return Outcome(target, checked(1.0), file=RIGHT, line=3, seconds=1.25)


def failing(target: str = "wrong.py:make", factor: float = 1.5) -> Outcome:
    return Outcome(target, checked(factor), file="wrong.py", line=7, seconds=0.5)


def undecided(target: str = "noisy.py:make") -> Outcome:
    return Outcome(target, replace(checked(1.0, 1e3), findings=()), file="noisy.py", line=2, seconds=0.5)


def broken(target: str = "broken.py") -> Outcome:
    return Outcome(target, error="no such file\nsecond line", file=target, line=1)


def fault() -> Outcome:
    return Outcome("odd.py", error="a fault of gradcheck", fault=True)


def program(target: str = "student.py", source: str = SOURCE) -> Outcome:
    """A script with one wrong line, for which a repair was found."""
    line = LineReport(target, 4, "dx", "x", Verdict.FAIL, None, "dx = 3 * x")
    finding = replace(FINDING, file=target)
    report = replace(checked(1.5), target=target, findings=(finding,), lines=(line,), sources={target: source})
    return Outcome(target, report, file=target)


def all_kinds() -> list[Outcome]:
    return [passing(), failing(), undecided(), broken(), program()]
