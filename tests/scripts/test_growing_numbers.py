"""Numbers that become arrays in the first step: a bias that starts as 0 and gets a row from its gradient."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

_BIAS = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((20, 3)), rng.uniform(size=(20, 1)).round()


class Model:
    def __init__(self):
        self.w, self.b = rng.standard_normal((3, 1)), START


model = Model()
for _ in range(30):
    p = 1 / (1 + np.exp(-(x @ model.w + model.b)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dw = x.T @ (p - y) / 20
    db = np.mean(p - y, axis=0)
    model.w -= 0.1 * dw
    model.b -= 0.1 * db
"""


@pytest.mark.parametrize("start", ["0", "0.0", "0.5"])
def test_a_number_that_becomes_an_array_is_a_parameter(tmp_path: Path, start: str) -> None:
    right = _BIAS.replace("START", start)
    report = checked(tmp_path, right)
    assert report.verdict is Verdict.PASS
    assert report.blocks["model.b"].shape == (1,)
    text, line = planted(right, "db = np.mean(p - y, axis=0)", "db = 2 * np.mean(p - y, axis=0)")
    report = checked(tmp_path, text)
    assert report.blocks["model.b"].verdict is Verdict.FAIL
    assert blamed(report) - {None} <= {line}


def test_a_number_that_the_step_looks_at_stays_one(tmp_path: Path) -> None:
    text = _BIAS.replace("START", "0").replace("model = Model()", "model, d = Model(), 0.0")
    text = text.replace("    dw = x.T", "    d = p if d == 0.0 else 0.5 * (d + p)\n    dw = x.T")
    assert checked(tmp_path, text).blocks["model.w"].verdict is Verdict.PASS
