"""Updates in pieces: of the whole parameter, and of a part of it once more in the same step."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked, planted

_HEAD = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = np.c_[np.ones(20), rng.standard_normal((20, 2))], rng.standard_normal((20, 1))
w = rng.standard_normal((3, 1))
"""

#: A penalty that leaves the intercept alone: what the whole update takes from it too much is put back.
_PENALTY = (
    _HEAD
    + """\
for _ in range(50):
    e = x @ w - y
    loss = 0.5 * np.mean(e**2) + 0.05 * np.sum(w[1:] ** 2)
    first = w[0].copy()
    w -= 0.01 * (x.T @ e / 20 + 0.1 * w)
    w[0] += 0.01 * (0.1 * first)
"""
)

#: The same in an array of its own, which becomes the parameter in another method.
_METHODS = """\
import numpy as np


class Line:
    def __init__(self, x, y):
        self.x, self.y, self.w = x, y, np.full((3, 1), 0.5)

    def step(self, rate):
        e = self.x @ self.w - self.y
        w = self.w
        w = w - rate * (self.x.T @ e / 20)
        w[0] = w[0] - rate * 0.1 * self.w[0]
        self.w = w

    def train(self):
        costs = []
        for _ in range(50):
            self.step(0.01)
            costs.append(0.5 * np.mean((self.x @ self.w - self.y) ** 2) + 0.05 * float(self.w[0, 0] ** 2))


rng = np.random.default_rng(0)
Line(np.c_[np.ones(20), rng.standard_normal((20, 2))], rng.standard_normal((20, 1))).train()
"""

_PADDED = (
    _HEAD
    + """\
for _ in range(50):
    e = x @ w - y
    loss = 0.5 * np.mean(e**2)
    w -= 0.01 * (x.T @ e / 20)
    w[0] = 0.0
"""
)

#: The intercept and the rest have lines of their own.
_SPLIT = (
    _HEAD.replace("w = rng.standard_normal((3, 1))", "y, w = y[:, 0], rng.normal(scale=0.01, size=3)")
    + """\
for _ in range(50):
    e = y - (x[:, 1:] @ w[1:] + w[0])
    w[1:] += 0.01 * x[:, 1:].T.dot(e)
    w[0] += 0.01 * e.sum()
    loss = (e**2).sum() / 2.0
"""
)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (_SPLIT, "w[0] += 0.01 * e.sum()", "w[0] -= 0.01 * e.sum()"),
        (_SPLIT, "w[0] += 0.01 * e.sum()", "w[0] += 0.01 * e.mean()"),
        (_SPLIT, "x[:, 1:].T.dot(e)", "x[:, :2].T.dot(e)"),
        (_PENALTY, "w[0] += 0.01 * (0.1 * first)", "w[0] -= 0.01 * (0.1 * first)"),
        (_PENALTY, "0.01 * (0.1 * first)", "0.01 * (0.2 * first)"),
        (_METHODS, "rate * 0.1 * self.w[0]", "rate * 0.2 * self.w[0]"),
        (_METHODS, "rate * 0.1 * self.w[0]", "rate * (self.x[:, 0] @ e / 20)"),
        (_PADDED, "w -= 0.01 * (x.T @ e / 20)", "w -= 0.01 * (x.T @ np.abs(e) / 20)"),
    ],
)
def test_all_that_is_added_to_a_parameter_is_its_gradient(tmp_path: Path, text: str, right: str, wrong: str) -> None:
    assert checked(tmp_path, text).verdict is Verdict.PASS
    assert checked(tmp_path, planted(text, right, wrong)[0]).verdict is Verdict.FAIL


def test_an_entry_that_is_updated_twice_is_wrong(tmp_path: Path) -> None:
    text = _PADDED.replace("w[0] = 0.0", "w[0] -= 0.01 * (x[:, :1].T @ e / 20)[0]")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    block = report.blocks["w"]
    assert block.shape == (3, 1)
    assert block.verdict is Verdict.FAIL


def test_a_part_that_is_overwritten_is_not_judged(tmp_path: Path) -> None:
    text = _PADDED.replace("w[0] = 0.0", "w[0] = 0.5 * first - 0.01 * e[0]").replace(
        "    e = ", "    first = w[0].copy()\n    e = "
    )
    with pytest.raises(SubjectError, match=r"w gets a new value on line \d+, of which line \d+ changes a part"):
        checked(tmp_path, text)
