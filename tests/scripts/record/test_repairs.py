"""The wrong line of programs in several styles, and its repair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted


@dataclass(frozen=True)
class Case:
    """A program, a line of it, the wrong line in its place, and the fix to expect."""

    name: str
    text: str
    right: str
    wrong: str
    fix: str = ""
    is_open: bool = False  # another line explains the gradients as well, so that none may be named

    def __str__(self) -> str:
        return self.name


NORMALISED = """\
import numpy as np

rng = np.random.default_rng(1)
x, y = rng.standard_normal((9, 4)), rng.standard_normal((9, 1))
W, V = 0.5 * rng.standard_normal((4, 3)), rng.standard_normal((3, 1))
n, lr = len(x), 0.05
for step in range(500):
    h = x @ W
    mu = h.mean(axis=0)
    hc = h - mu
    sq = hc**2
    var = sq.mean(axis=0)
    std = np.sqrt(var + 1e-3)
    inv = 1.0 / std
    hn = hc * inv
    a = np.tanh(hn)
    out = a @ V
    loss = np.mean((out - y) ** 2)
    dout = 2 * (out - y) / n
    dV = a.T @ dout
    dhn = (dout @ V.T) * (1 - a**2)
    dinv = (dhn * hc).sum(axis=0)
    dhc1 = dhn * inv
    dstd = -1.0 / std**2 * dinv
    dvar = 0.5 / std * dstd
    dsq = np.ones((n, 3)) / n * dvar
    dhc2 = 2 * hc * dsq
    dh1 = dhc1 + dhc2
    dmu = -(dhc1 + dhc2).sum(axis=0)
    dh2 = np.ones((n, 3)) / n * dmu
    dh = dh1 + dh2
    dW = x.T @ dh
    W -= lr * dW
    V -= lr * dV
"""

SIAMESE = """\
import numpy as np

rng = np.random.default_rng(2)
x1, x2 = rng.standard_normal((7, 3)), rng.standard_normal((7, 3))
goal = rng.random(7)
W = 0.5 * rng.standard_normal((3, 2))
for step in range(500):
    e1, e2 = np.tanh(x1 @ W), np.tanh(x2 @ W)
    diff = e1 - e2
    dist = np.sqrt((diff**2).sum(axis=1) + 1e-6)
    loss = 0.5 * np.mean((dist - goal) ** 2)
    ddist = (dist - goal) / len(goal)
    ddiff = ddist[:, None] * diff / dist[:, None]
    de1, de2 = ddiff, -ddiff
    dz1 = de1 * (1 - e1**2)
    dz2 = de2 * (1 - e2**2)
    dW = x1.T @ dz1 + x2.T @ dz2
    W -= 0.1 * dW
"""

RECURRENT = """\
import numpy as np

rng = np.random.default_rng(4)
seq, goal = rng.standard_normal((5, 2)), rng.standard_normal(3)
Wx, Wh = 0.6 * rng.standard_normal((3, 2)), 0.6 * rng.standard_normal((3, 3))


class Net:
    def run(self, seq):
        self.h = [np.zeros(3)]
        for x in seq:
            self.h.append(np.tanh(Wx @ x + Wh @ self.h[-1]))
        return self.h[-1]

    def back(self, dh):
        dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
        for t in reversed(range(len(seq))):
            dz = dh * (1 - self.h[t + 1] ** 2)
            dWx += np.outer(dz, seq[t])
            dWh += np.outer(dz, self.h[t])
            dh = Wh.T @ dz
        return dWx, dWh


net = Net()
for step in range(500):
    out = net.run(seq)
    loss = 0.5 * np.sum((out - goal) ** 2)
    dWx, dWh = net.back(out - goal)
    Wx -= 0.05 * dWx
    Wh -= 0.05 * dWh
"""

PARTIAL = """\
import numpy as np

rng = np.random.default_rng(5)
x, y = rng.standard_normal((6, 2)), rng.random(6)
w1, w2, w3, w4, b1, b2 = rng.standard_normal(6)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


for step in range(500):
    for row, target in zip(x, y):
        s1 = w1 * row[0] + w2 * row[1] + b1
        h1 = sigmoid(s1)
        s2 = w3 * row[0] + w4 * row[1] + b2
        h2 = sigmoid(s2)
        out = h1 * h2
        loss = (target - out) ** 2
        d_L_d_out = -2 * (target - out)
        d_out_d_h1 = h2
        d_out_d_h2 = h1
        w1 -= 0.1 * d_L_d_out * d_out_d_h1 * row[0] * slope(s1)
        w2 -= 0.1 * d_L_d_out * d_out_d_h1 * row[1] * slope(s1)
        b1 -= 0.1 * d_L_d_out * d_out_d_h1 * slope(s1)
        w3 -= 0.1 * d_L_d_out * d_out_d_h2 * row[0] * slope(s2)
        w4 -= 0.1 * d_L_d_out * d_out_d_h2 * row[1] * slope(s2)
        b2 -= 0.1 * d_L_d_out * d_out_d_h2 * slope(s2)
"""

SOFTMAX = """\
import numpy as np

rng = np.random.default_rng(6)
x, labels = rng.standard_normal((10, 3)), rng.integers(0, 4, 10)
W, b = 0.3 * rng.standard_normal((3, 4)), np.zeros(4)


class Dense:
    def forward(self, x):
        self.x = x
        return x @ W + b

    def backward(self, g):
        self.dW = self.x.T @ g
        self.db = g.sum(axis=0)


dense = Dense()
for step in range(500):
    z = dense.forward(x)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(10), labels]))
    dz = p.copy()
    dz[np.arange(10), labels] -= 1
    dz /= 10
    dense.backward(dz)
    W -= 0.5 * dense.dW
    b -= 0.5 * dense.db
"""

CASES = [
    Case(
        "sign inside a chain of steps",
        NORMALISED,
        "dstd = -1.0 / std**2 * dinv",
        "dstd = 1.0 / std**2 * dinv",
    ),
    Case("missing term", NORMALISED, "dh = dh1 + dh2", "dh = dh1", "dh = dh1 + dh2"),
    Case("missing term one line earlier", NORMALISED, "dh1 = dhc1 + dhc2", "dh1 = dhc1", "dh1 = dhc1 + dhc2"),
    Case("factor of a part", NORMALISED, "dhc2 = 2 * hc * dsq", "dhc2 = hc * dsq", "dhc2 = 2 * hc * dsq"),
    Case("name of another sign", SIAMESE, "de1, de2 = ddiff, -ddiff", "de1, de2 = ddiff, ddiff", is_open=True),
    Case("value passed on unchanged", SIAMESE, "dz2 = de2 * (1 - e2**2)", "dz2 = de2"),
    Case("transposed, in a method", RECURRENT, "dh = Wh.T @ dz", "dh = Wh @ dz", "dh = dz @ Wh"),
    Case("path through time", RECURRENT, "dz = dh * (1 - self.h[t + 1] ** 2)", "dz = dh * (1 - self.h[t] ** 2)"),
    Case(
        "sign of a factor of all",
        PARTIAL,
        "d_L_d_out = -2 * (target - out)",
        "d_L_d_out = 2 * (target - out)",
        is_open=True,
    ),
    Case(
        "one of two partial derivatives", PARTIAL, "d_out_d_h1 = h2", "d_out_d_h1 = h1", "d_out_d_h1 = h2", is_open=True
    ),
    Case("only the first sample", SOFTMAX, "self.db = g.sum(axis=0)", "self.db = g[0]"),
    Case("scaling by one", SOFTMAX, "dz /= 10", "dz /= 1"),
]


@pytest.mark.parametrize(
    "text",
    [NORMALISED, SIAMESE, RECURRENT, PARTIAL, SOFTMAX],
    ids=["normalised", "siamese", "recurrent", "partial", "softmax"],
)
def test_a_right_program_passes(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert not blamed(report)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_wrong_line_alone_is_to_blame(case: Case, tmp_path: Path) -> None:
    text, line = planted(case.text, case.right, case.wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line} or (case.is_open and blamed(report) == {None}), str(report)
    if case.fix and blamed(report) == {line}:
        assert f"Write: {case.fix}" in (report.findings[0].fix or "")
