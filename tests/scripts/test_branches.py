"""Functions that are written in two cases, and features of very different sizes, from weights that start at zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, planted, written

#: All of ``z`` is at the branch of the sigmoid, and any step of the weights takes some rows to the other case. The list
#: of losses grows, so that the second iteration is looked at as well: it takes other branches than the first.
_CASES = """\
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(30, 3)) * [1.0, 50.0, 2000.0]
y = (x[:, 2] > 900.0).astype(float)


def squash(v):
    if v >= 0:
        return 1 / (1 + np.exp(-v))
    e = np.exp(v)
    return e / (1 + e)


class Model:
    def __init__(self):
        self.history = []

    def fit(self):
        self.w, self.b = np.zeros(3), 0.0
        for _ in range(20):
            z = x @ self.w + self.b
            p = np.array([squash(v) for v in z])
            loss = np.mean(np.logaddexp(0.0, z) - y * z)
            d = (p - y) / len(y)
            self.w = self.w - 1e-4 * (x.T @ d)
            self.b = self.b - 1e-4 * np.sum(d)
            self.history.append(loss)


Model().fit()
"""

#: No loss is computed.
_SIZES = """\
import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(size=(30, 3)) * [1.0, 50.0, 2000.0]
y = (x[:, 2] > 900.0).astype(float)
w, b = np.zeros(3), 0
for _ in range(20):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    dw = (1 / 30) * (x.T @ (p - y))
    db = (1 / 30) * np.sum(p - y)
    w = w - 0.001 * dw
    b = b - 0.001 * db
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_sigmoid_in_two_cases_is_checked_from_zero(tmp_path: Path, seed: int) -> None:
    report = check_program(written(tmp_path, _CASES), rng=seed)
    assert report.verdict is Verdict.PASS
    assert any("loss = loss" in note for note in report.notes)


@pytest.mark.parametrize(("right", "wrong"), [("(p - y) / len(y)", "(p + y) / len(y)"), ("np.sum(d)", "np.sum(d * d)")])
def test_a_mistake_behind_a_sigmoid_in_two_cases_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    text, line = planted(_CASES, right, wrong)
    report = check_program(written(tmp_path, text), rng=0)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) - {None} <= {line}


@pytest.mark.parametrize("seed", range(3))
def test_features_of_different_sizes_need_no_loss(tmp_path: Path, seed: int) -> None:
    report = check_program(written(tmp_path, _SIZES), rng=seed)
    assert report.verdict is Verdict.PASS
    wrong = planted(_SIZES, "db = (1 / 30) * np.sum(p - y)", "db = (1 / 30) * np.sum(p + y)")[0]
    assert check_program(written(tmp_path, wrong), rng=seed).verdict is Verdict.FAIL
