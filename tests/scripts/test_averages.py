"""Averages of an optimiser that have another shape than the parameter that they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: The bias is a row, the sum over the samples is not: NumPy broadcasts where one is taken from the other.
_ROW = """\
import numpy as np

rng = np.random.default_rng(2)
x, y = rng.standard_normal((16, 3)), rng.standard_normal((16, 4))
w, b = rng.standard_normal((3, 4)), np.zeros((1, 4))
first, second = {}, {}
for epoch in range(30):
    d = x @ w + b - y
    loss = 0.5 * np.sum(d**2) / 16
    d = d / 16
    dw = x.T @ d
    db = np.sum(d, axis=0)
    for name, g in (("w", dw), ("b", db)):
        first[name] = 0.9 * first.get(name, 0) + 0.1 * g
        second[name] = 0.999 * second.get(name, 0) + 0.001 * g**2
    w = w - 0.01 * first["w"] / (np.sqrt(second["w"]) + 1e-10) - 1e-4 * w
    b = b - 0.01 * first["b"] / (np.sqrt(second["b"]) + 1e-10)
"""


def test_the_gradient_behind_averages_of_another_shape_is_checked(tmp_path: Path) -> None:
    report = checked(tmp_path, _ROW)
    assert report.blocks["b"].verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("right", "wrong"), [("db = np.sum(d, axis=0)", "db = np.mean(d, axis=0)"), ("np.sum(d, axis=0)", "d[0] * 16")]
)
def test_a_wrong_gradient_behind_them_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    text, line = planted(_ROW, right, wrong)
    report = checked(tmp_path, text)
    assert report.blocks["b"].verdict is Verdict.FAIL
    assert blamed(report) - {None} <= {line}
