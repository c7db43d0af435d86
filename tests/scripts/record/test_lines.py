"""Wrong lines of programs by a recording: the wrong one, and no right one beside it."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from gradcheck.recording.graph import Graph
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.record.test_patch import SLOPE_INSIDE
from tests.scripts.samples import LINEAR_HEAD, TWO_LAYERS

#: The right derivative of a mean of squares, in one expression.
ONE_EXPRESSION = LINEAR_HEAD + (
    "for i in range(100):\n    loss = ((x @ w - y) ** 2).mean()\n"
    "    g = 2 / len(y) * x.T @ (x @ w - y)\n    w -= 0.1 * g\n"
)

#: Two statements on one line, in a loop of samples.
ITEMS = """\
import numpy as np

rng = np.random.default_rng(0)
A, B = 0.3 * rng.standard_normal((4, 5)), 0.3 * rng.standard_normal((5, 4))
for epoch in range(50):
    loss = 0
    for i, k in [(0, 1), (1, 3), (2, 0), (3, 2)]:
        h = A[i]
        u = h @ B
        p = np.exp(u - u.max()) / np.exp(u - u.max()).sum()
        loss += -np.log(p[k])
        e = p.copy(); e[k] -= 1
        dB = np.outer(h, e); dA = B @ e
        B = B - 0.05 * dB
        A[i] = A[i] - 0.05 * dA
    print(loss)
"""


@pytest.mark.parametrize(
    ("right", "wrong", "mistake"),
    [
        ("dz = dh * (1 - h**2)", "dz = dh * (1 - h)", None),
        ("dz = dh * (1 - h**2)", "dz = dh * (1 - z**2)", "derivative-at-wrong-argument"),
        ("dh = dout @ W2.T", "dh = -dout @ W2.T", "sign-flipped"),
        ("dW2 = h.T @ dout", "dW2 = z.T @ dout", None),
        ("db1 = dz.sum(axis=0)", "db1 = dz.mean(axis=0)", "mean-sum"),
    ],
)
def test_the_wrong_line_and_no_other(right: str, wrong: str, mistake: str | None, tmp_path: Path) -> None:
    text, line = planted(TWO_LAYERS, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
    assert mistake in (None, report.findings[0].slug)


def test_the_slope_of_an_activation_that_is_a_function_inside_of_a_method(tmp_path: Path) -> None:
    text, line = planted(SLOPE_INSIDE, "s = 1 - np.tanh(z) ** 2", "s = 1 - np.tanh(z)")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
    assert checked(tmp_path, SLOPE_INSIDE).verdict is Verdict.PASS


def test_a_constant_inside_one_expression_is_that_of_the_derivative_not_of_the_update(tmp_path: Path) -> None:
    assert checked(tmp_path, ONE_EXPRESSION).verdict is Verdict.PASS
    text, line = planted(ONE_EXPRESSION, "2 / len(y) * x.T", "x.T")
    report = checked(tmp_path, text)
    assert blamed(report) == {line}
    assert report.findings[0].slug in ("constant-factor", "mean-sum")


def test_a_right_line_that_reads_a_wrong_one_is_marked_right(tmp_path: Path) -> None:
    text, line = planted(TWO_LAYERS, "dh = dout @ W2.T", "dh = 3 * dout @ W2.T")
    report = checked(tmp_path, text)
    marks = {each.line: each.verdict for each in report.lines}
    assert marks[line] is Verdict.FAIL
    assert all(mark is Verdict.PASS for place, mark in marks.items() if place != line)
    assert len(marks) > 3


def test_an_item_that_is_reduced_in_the_wrong_place(tmp_path: Path) -> None:
    text = ITEMS.replace("e[k] -= 1", "e[i] -= 1")
    line = 1 + text[: text.index("e[i] -= 1")].count("\n")
    assert blamed(checked(tmp_path, text)) <= {line, None}


def test_nothing_of_a_recording_stays(tmp_path: Path) -> None:
    """Rewritten code refers to its recorder in a way that the garbage collector does not see."""
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)")
    alive = []
    for _ in range(3):
        assert checked(tmp_path, text).verdict is Verdict.FAIL
        gc.collect()
        alive.append(sum(type(each) is Graph for each in gc.get_objects()))
    assert alive[2] == alive[1]
