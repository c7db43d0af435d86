"""Programs that convert to narrow floats inside the step: they are checked in float64."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.samples import LINEAR

#: Layers that convert what they get, and a loss that does.
_LAYERS = """\
import numpy as np

rng = np.random.default_rng(2)


class Dense:
    def __init__(self, n, m, slope):
        self.w = rng.normal(0, 0.5, (n, m)).astype(np.float32)
        self.b = np.zeros((1, m), dtype=np.float32)
        self.slope = slope

    def forward(self, x):
        self.x = x if x.dtype == np.float32 else x.astype(np.float32)
        z = self.x @ self.w + self.b
        self.out = np.tanh(z) if self.slope else z
        return self.out

    def backward(self, d):
        if self.slope:
            d = d * (1 - np.square(self.out))
        self.dw, self.db = self.x.T @ d, d.sum(axis=0, keepdims=True)
        return d @ self.w.T


def cost(out, goal):
    t = goal.astype("float32")
    return np.mean(np.square(out - t)), 2 * (out - t) / t.size


layers = [Dense(3, 5, True), Dense(5, 2, False)]
x, goal = rng.normal(size=(11, 3)), rng.integers(0, 4, (11, 2))
for i in range(60):
    out = x
    for layer in layers:
        out = layer.forward(out)
    loss, d = cost(out, goal)
    for layer in layers[::-1]:
        d = layer.backward(d)
    for layer in layers:
        layer.w -= np.float32(0.1) * layer.dw
        layer.b -= np.float32(0.1) * layer.db
"""

#: Arrays that are created in half precision and filled.
_FILLED = """\
import numpy as np

rng = np.random.default_rng(5)
data, goal = rng.normal(size=(8, 6)), rng.normal(size=(8, 4))
kernel = rng.normal(size=3)
for epoch in range(40):
    made = np.zeros((8, 4), np.float16)
    for k in range(4):
        made[:, k] = data[:, k : k + 3] @ kernel
    rest = np.asarray(made - goal, dtype=np.float32)
    loss = 0.5 * float(np.sum(rest * rest))
    slope = np.zeros_like(kernel)
    for k in range(4):
        slope += data[:, k : k + 3].T @ rest[:, k]
    kernel = kernel - 0.01 * slope
    print(loss)
"""


@pytest.mark.parametrize("text", [_LAYERS, _FILLED], ids=["layers", "filled"])
def test_a_conversion_to_narrow_floats_does_not_hide_that_a_gradient_is_right(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert max(block.relative_error or 0.0 for block in report.blocks.values()) < 1e-6
    assert any(note.startswith("Conversions to narrower floats were carried out in float64") for note in report.notes)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (_LAYERS, "2 * (out - t) / t.size", "2 * (out - t) / t.size * t"),
        (_LAYERS, "d = d * (1 - np.square(self.out))", "d = d * (1 - self.out)"),
        (_FILLED, "data[:, k : k + 3].T @ rest[:, k]", "data[:, k : k + 3].T @ np.abs(rest[:, k])"),
    ],
)
def test_nor_that_it_is_wrong(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}


def test_a_program_in_float64_has_no_such_note(tmp_path: Path) -> None:
    report = checked(tmp_path, LINEAR.replace("r = x @ w - y", "r = (x @ w - y).astype(float)"))
    assert report.verdict is Verdict.PASS, str(report)
    assert not any("narrower" in note for note in report.notes)
