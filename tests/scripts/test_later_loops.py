"""The loop that trains is found behind loops that only look like it, and in modules that are imported late."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: A bisection, which changes its numbers as a training step does.
_SEARCH = """\
import math


def quantile(p, low=-9.0, high=9.0):
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if math.erf(middle) > p else (middle, high)
    return middle


spread = [quantile(k / 10) for k in range(1, 9)]
"""

_VECTORS = """\
def plus(a, b):
    return [p + q for p, q in zip(a, b)]


def times(c, a):
    return [c * p for p in a]


def moved(a, slope, by):
    return plus(a, times(by, slope))
"""

#: The training loop; the function that updates is imported inside another one.
_MAIN = """\
from search import spread


def line(theta, x):
    return theta[0] + theta[1] * x


def main():
    from vectors import moved, plus

    goals = [0.5 * x - 1 for x in spread]
    theta = [0.3, 0.8]
    for epoch in range(40):
        slope = [0.0, 0.0]
        for x, goal in zip(spread, goals):
            rest = line(theta, x) - goal
            slope = plus(slope, [2 * rest, 2 * rest * x])
        error = sum((line(theta, x) - goal) ** 2 for x, goal in zip(spread, goals))
        theta = moved(theta, slope, -0.01)
        print(error)


main()
"""

#: The same with arrays and a class.
_CLASS = """\
import numpy as np

from search import spread


class Line:
    def __init__(self):
        self.theta = np.array([0.3, 0.8])

    def fit(self, x, goal):
        from steps import Descent

        descent = Descent(0.01)
        for epoch in range(40):
            rest = self.theta[0] + self.theta[1] * x - goal
            self.error = np.sum(rest**2)
            slope = np.array([2 * rest.sum(), 2 * rest @ x])
            descent.apply(self, slope)
        return self


Line().fit(np.array(spread), np.cos(spread))
"""

_STEPS = """\
class Descent:
    def __init__(self, rate):
        self.rate = rate

    def apply(self, model, slope):
        model.theta = model.theta - self.rate * slope
"""


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path) -> None:
    for name, text in (("search", _SEARCH), ("vectors", _VECTORS), ("steps", _STEPS)):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("text", "blocks"), [(_MAIN, {"theta[0]", "theta[1]"}), (_CLASS, {"self.theta"})])
def test_the_loop_that_trains_is_found(text: str, blocks: set[str], tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert set(report.blocks) == blocks


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (_MAIN, "[2 * rest, 2 * rest * x]", "[2 * rest, 2 * rest * x * x]"),
        (_CLASS, "2 * rest @ x])", "2 * np.abs(rest) @ x])"),
    ],
)
def test_and_what_is_wrong_in_it(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) <= {line, None}


def test_a_program_that_only_searches_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubjectError):
        checked(tmp_path, "from search import quantile\n\nfor k in range(1, 5):\n    print(quantile(k / 7))\n")
