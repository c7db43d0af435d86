"""Numbers that decide by their sign whether a step updates anything: outputs of perceptrons, and no losses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked, planted, written

#: The classic rule: it follows the gradient of nothing that is computed. Its output has the slopes of its updates.
_PERCEPTRON = """\
class Rule:
    def __init__(self):
        self.v, self.b = [0.0, 0.0], 0.0

    def output(self, x):
        total = sum(a * c for a, c in zip(self.v, x)) + self.b
        return 1 if total >= 0 else 0

    def train(self, data):
        for epoch in range(20):
            for x, t in data:
                d = t - self.output(x)
                if d != 0:
                    self.v = [a + 0.1 * d * c for a, c in zip(self.v, x)]
                    self.b += 0.1 * d


Rule().train([([2, 1], 0), ([3, 2], 0), ([1, 1], 0), ([4, 5], 1), ([5, 6], 1)])
"""

_TOLERANCE = """\
import numpy as np

rng = np.random.default_rng(0)
x, y, w = rng.standard_normal((10, 3)), rng.standard_normal(10), np.zeros(3)
for _ in range(50):
    e = x @ w - y
    loss = 0.5 * np.sum(e**2)
    done = loss < 1e-8
    if not done:
        w -= 0.01 * (x.T @ e)
"""


@pytest.mark.parametrize("seed", range(3))
def test_the_output_of_a_perceptron_is_no_loss(tmp_path: Path, seed: int) -> None:
    report = check_program(written(tmp_path, _PERCEPTRON), rng=seed)
    assert report.verdict is Verdict.UNDECIDED
    assert all("as by the rule of a perceptron" in block.note for block in report.blocks.values())


def test_a_loss_with_a_tolerance_is_one(tmp_path: Path) -> None:
    report = checked(tmp_path, _TOLERANCE)
    assert report.verdict is Verdict.PASS
    assert any("loss = loss" in note for note in report.notes)
    wrong = planted(_TOLERANCE, "x.T @ e)", "x.T @ np.abs(e))")[0]
    assert checked(tmp_path, wrong).verdict is Verdict.FAIL
