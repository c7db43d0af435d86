"""Margins that decide whether a step updates anything, beside losses with the wrong sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked

#: A support vector machine, sample by sample; its margins begin below one.
_MACHINE = """\
import numpy as np

rng = np.random.default_rng(0)
x = rng.standard_normal((12, 3))
y = np.where(x[:, 0] > 0.1, 1.0, -1.0)
w, b = 0.01 * rng.standard_normal(3), 0.0
for epoch in range(20):
    for row, side in zip(x, y):
        margin = side * (row @ w + b)
        if margin >= 1:
            w = w - 0.01 * 0.0 * w
        else:
            w = w - 0.01 * (0.0 * w - side * row)
            b -= 0.01 * (-side)
"""

#: A loss with a test whether it is small enough.
_STOPPED = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((12, 3)), rng.standard_normal(12)
w = rng.standard_normal(3)
for epoch in range(20):
    r = x @ w - y
    cost = 0.5 * np.mean(r**2)
    if cost > 1e-6:
        w = w - 0.01 * (x.T @ GRADIENT / len(y))
    print(cost)
"""


def test_a_margin_is_not_a_loss_with_the_wrong_sign(tmp_path: Path) -> None:
    report = checked(tmp_path, _MACHINE)
    assert report.verdict is Verdict.UNDECIDED, str(report)
    assert "max(0, 1 - margin)" in str(report)


def test_the_loss_of_a_margin_can_be_given(tmp_path: Path) -> None:
    loss = "        loss = max(0, 1 - side * (row @ w + b))\n"
    text = _MACHINE.replace("        margin = side", f"{loss}        margin = side")
    assert checked(tmp_path, text).verdict is Verdict.PASS
    wrong = text.replace("0.0 * w - side * row", "0.0 * w - side * row * row")
    assert checked(tmp_path, wrong).verdict is Verdict.FAIL


@pytest.mark.parametrize(("gradient", "verdict"), [("r", Verdict.PASS), ("(y - x @ w)", Verdict.FAIL)])
def test_a_loss_that_is_compared_with_what_is_small_enough_keeps_its_sign(
    gradient: str, verdict: Verdict, tmp_path: Path
) -> None:
    report = checked(tmp_path, _STOPPED.replace("GRADIENT", gradient))
    assert report.verdict is verdict, str(report)


#: The same with weights in a list that start at zero, and a penalty.
_LIST = """\
import random

random.seed(2)
x = [[random.gauss(0, 1), random.gauss(0, 1)] for _ in range(12)]
y = [1 if row[0] > 0.1 else -1 for row in x]
w, b, rate, penalty = [0.0, 0.0], 0.0, 0.01, 0.1
for epoch in range(20):
    for i in range(len(x)):
        margin = y[i] * (sum(p * q for p, q in zip(w, x[i])) + b)
        if margin >= 1:
            w = [wj - rate * penalty * wj for wj in w]
        else:
            w = [wj - rate * (penalty * wj - y[i] * x[i][j]) for j, wj in enumerate(w)]
            b -= rate * (-y[i])
"""


def test_weights_that_only_their_own_penalties_read_are_parameters(tmp_path: Path) -> None:
    report = checked(tmp_path, _LIST)
    assert report.verdict is Verdict.UNDECIDED, str(report)
    assert "max(0, 1 - margin)" in str(report)
    assert set(report.blocks) == {"w[0]", "w[1]", "b"}
    loss = (
        "        loss = max(0, 1 - y[i] * (w[0] * x[i][0] + w[1] * x[i][1] + b)) + penalty / 2 * (w[0]**2 + w[1]**2)\n"
    )
    text = _LIST.replace("[0.0, 0.0]", "[0.2, -0.1]").replace("        margin =", f"{loss}        margin =")
    assert checked(tmp_path, text).verdict is Verdict.PASS
    assert checked(tmp_path, text.replace("- y[i] * x[i][j])", "+ y[i] * x[i][j])")).verdict is Verdict.FAIL
