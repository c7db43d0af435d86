"""Programs with `numpy.matrix`, whose operators are those of linear algebra."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")

#: Layers of columns, sample by sample; the product of two matrices is written as a star.
_COLUMNS = """\
import numpy as np

rng = np.random.default_rng(3)


class Layer:
    def __init__(self, n, m):
        self.weight, self.bias = np.asmatrix(rng.normal(size=(m, n))), np.asmatrix(rng.normal(size=m)).T

    def forward(self, x):
        self.x = x
        self.out = np.tanh(self.weight * x - self.bias)
        return self.out

    def backward(self, d):
        d = np.multiply(d, 1 - np.power(self.out, 2))
        below = self.weight.T * d
        self.weight = self.weight - 0.1 * (d * self.x.T)
        self.bias = self.bias - 0.1 * (-d)
        return below


layers = [Layer(3, 4), Layer(4, 2)]
samples, goals = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
for turn in range(40):
    for sample, goal in zip(samples, goals):
        made, wanted = np.asmatrix(sample).T, np.asmatrix(goal).T
        for layer in layers:
            made = layer.forward(made)
        loss = np.sum(np.power(made - wanted, 2))
        d = 2 * (made - wanted)
        for layer in layers[::-1]:
            d = layer.backward(d)
"""

#: A regression on a matrix of data.
_ROWS = """\
import numpy as np

rng = np.random.default_rng(1)
data = np.asmatrix(rng.normal(size=(9, 3)))
goal = data * np.asmatrix([[1.0], [-2.0], [0.5]]) + 0.1
theta = np.asmatrix(rng.normal(size=(3, 1)))
for i in range(80):
    rest = data * theta - goal
    cost = float((rest.T * rest)[0, 0]) / (2 * len(goal))
    slope = data.T * rest / len(goal)
    theta = theta - 0.2 * slope
    print(cost)
"""


@pytest.mark.parametrize("text", [_COLUMNS, _ROWS], ids=["columns", "rows"])
def test_a_right_program_of_matrices_passes(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (_COLUMNS, "np.multiply(d, 1 - np.power(self.out, 2))", "np.multiply(d, 1 - self.out)"),
        (_COLUMNS, "0.1 * (-d)", "0.1 * d"),
        (_ROWS, "data.T * rest / len(goal)", "data.T * np.power(rest, 2) / len(goal)"),
    ],
)
def test_a_wrong_line_of_matrices_is_found_and_no_other(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) <= {line, None}
