"""Updates that are no gradients are named for what they are, and those of a loss that is not computed are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.reports.report import Report
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked, planted

#: Labels of 1 and -1, and a rule that learns from errors alone.
_PERCEPTRON = """\
import numpy as np

rng = np.random.default_rng(0)
x = rng.standard_normal((30, 2))
t = np.where(x @ np.array([1.0, -2.0]) + 0.3 > 0, 1.0, -1.0)
w, b = rng.standard_normal(2), 0.1
for epoch in range(20):
    out = np.where(x @ w + b > 0, 1.0, -1.0)
    w += 0.1 * (x.T @ (t - out))
    b += 0.1 * np.sum(t - out)
"""

#: The same by single samples, with an update in a branch for either error.
_BY_SAMPLES = """\
import numpy as np


class Unit:
    def __init__(self, n):
        self.w, self.b = np.zeros(n), 0.25

    def step(self, s):
        return np.greater_equal(s, 0).astype(int)

    def predict(self, row):
        return self.step(np.dot(row, self.w) + self.b)

    def update(self, row, e):
        if e > 0:
            self.w += row
        elif e < 0:
            self.w -= row
        self.b += e


rows, goals = np.array([[1, 2], [2, 1], [-1, -1], [3, -1]]), np.array([0, 1, 0, 1])
unit = Unit(2)
for epoch in range(10):
    for row, goal in zip(rows, goals):
        e = goal - unit.predict(row)
        unit.update(row, e)
"""

#: A Boltzmann machine.
_CONTRASTIVE = """\
import numpy as np

rng = np.random.RandomState(3)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


data = (rng.uniform(size=(12, 5)) > 0.5) * 1.0
W, b, c = 0.1 * rng.standard_normal((5, 3)), np.zeros(3), np.zeros(5)
for epoch in range(50):
    up = sigmoid(data @ W + b)
    h = rng.binomial(1, up)
    v = rng.binomial(1, sigmoid(h @ W.T + c))
    again = sigmoid(v @ W + b)
    W += 0.1 * (data.T @ up - v.T @ again)
    b += 0.1 * np.mean(up - again, axis=0)
    c += 0.1 * np.mean(data - v, axis=0)
"""

#: A linear network with a mask that is drawn; no probability is one of the network.
_MASKED = """\
import numpy as np

rng = np.random.RandomState(3)
x, y = rng.standard_normal((12, 5)), rng.standard_normal(12)
w = rng.standard_normal(5)
for epoch in range(50):
    kept = x * rng.binomial(1, 0.7, x.shape)
    error = kept @ w - y
    w -= 0.01 * (kept.T @ error)
"""


def notes(report: Report) -> set[str]:
    return {block.note for block in report.blocks.values()}


@pytest.mark.parametrize("text", [_PERCEPTRON, _BY_SAMPLES])
def test_the_rule_of_a_perceptron_is_undecided_and_named(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.UNDECIDED
    (note,) = notes(report)
    assert "in jumps only, as by the rule of a perceptron" in note
    assert not report.findings
    assert report.evaluations == 0


def test_signs_that_no_loss_has_are_named_as_well(tmp_path: Path) -> None:
    text = planted(_PERCEPTRON, "out = np.where(x @ w + b > 0, 1.0, -1.0)", "out = np.sign(x @ w + b - t) + t")[0]
    (note,) = notes(checked(tmp_path, text.replace("x.T @", "(x**3).T @")))
    assert "the sign of a gradient" in note


def test_a_linear_unit_that_learns_without_a_threshold_has_a_gradient(tmp_path: Path) -> None:
    text = planted(_PERCEPTRON, "out = np.where(x @ w + b > 0, 1.0, -1.0)", "out = x @ w + b")[0]
    assert checked(tmp_path, text).verdict is Verdict.PASS
    wrong = planted(text, "x.T @ (t - out)", "x.T @ np.tanh(t - out)")[0]
    assert checked(tmp_path, wrong).verdict is Verdict.FAIL  # b shows what is minimised


def test_wrong_updates_without_a_loss_are_no_rule_of_a_perceptron(tmp_path: Path) -> None:
    text = planted(_PERCEPTRON, "out = np.where(x @ w + b > 0, 1.0, -1.0)", "out = np.exp(x @ w + b)")[0]
    with pytest.raises(GradcheckError, match="never computes its loss"):
        checked(tmp_path, text.replace("t - out", "t + 3 * out"))


def test_contrastive_divergence_is_undecided_and_named(tmp_path: Path) -> None:
    report = checked(tmp_path, _CONTRASTIVE)
    assert report.verdict is Verdict.UNDECIDED
    assert set(report.blocks) == {"W", "b", "c"}
    (note,) = notes(report)
    assert "as contrastive divergence does" in note


def test_draws_with_probabilities_that_are_given_are_no_samples_of_a_model(tmp_path: Path) -> None:
    assert checked(tmp_path, _MASKED).verdict is Verdict.PASS
    wrong = _MASKED.replace("kept.T @ error", "kept.T @ np.sin(error**2)")
    with pytest.raises(GradcheckError, match="never computes its loss"):
        checked(tmp_path, wrong)
