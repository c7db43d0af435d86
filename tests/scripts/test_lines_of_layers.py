"""Wrong lines of layers that are read through others: by a helper, a name in another object, or a row of names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: Normalisation over the batch, whose scale is one where the program starts.
NORMALISED = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((12, 3)), rng.standard_normal((12, 2))
W, gamma, beta = 0.5 * rng.standard_normal((3, 4)), np.ones(4), np.zeros(4)
V = rng.standard_normal((4, 2))


def normalise(a, gamma, beta):
    mean, var = a.mean(axis=0), a.var(axis=0)
    normed = (a - mean) / np.sqrt(var + 1e-3)
    return gamma * normed + beta, (a, normed, mean, var, gamma)


def normalise_backward(dout, cache):
    a, normed, mean, var, gamma = cache
    n = len(a)
    centred = a - mean
    inverse = 1.0 / np.sqrt(var + 1e-3)
    dnormed = dout * gamma
    dvar = np.sum(dnormed * centred, axis=0) * -0.5 * inverse**3
    dmean = np.sum(-dnormed * inverse, axis=0)
    da = dnormed * inverse + dvar * 2 * centred / n + dmean / n
    dgamma = np.sum(dout * normed, axis=0)
    dbeta = np.sum(dout, axis=0)
    return da, dgamma, dbeta


for step in range(200):
    u, cache = normalise(x @ W, gamma, beta)
    h = np.tanh(u)
    p = h @ V
    loss = np.mean((p - y) ** 2)
    dp = 2 * (p - y) / y.size
    dV = h.T @ dp
    da, dgamma, dbeta = normalise_backward((dp @ V.T) * (1 - h**2), cache)
    dW = x.T @ da
    W -= 0.1 * dW
    V -= 0.1 * dV
    gamma -= 0.1 * dgamma
    beta -= 0.1 * dbeta
print(loss)
"""

#: One sample in each step, and one function for the slope of both layers: an error in its sign cancels in the first.
TWO_SLOPES = """\
import numpy as np

rng = np.random.default_rng(0)
xs, ys = rng.standard_normal((6, 1, 3)), rng.standard_normal((6, 1, 1))


def tanh_slope(z):
    return 1 - np.tanh(z) ** 2


class Dense:
    def __init__(self, m, n):
        self.W, self.b = 0.5 * rng.standard_normal((m, n)), np.zeros((1, n))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, d, rate):
        back = d @ self.W.T
        self.W -= rate * self.x.T @ d
        self.b -= rate * d
        return back


class Activation:
    def __init__(self, function, slope):
        self.function, self.slope = function, slope

    def forward(self, z):
        self.z = z
        return self.function(z)

    def backward(self, d, rate):
        return self.slope(self.z) * d


layers = [Dense(3, 4), Activation(np.tanh, tanh_slope), Dense(4, 1), Activation(np.tanh, tanh_slope)]
for epoch in range(20):
    for x, y in zip(xs, ys):
        out = x
        for layer in layers:
            out = layer.forward(out)
        loss = np.mean((y - out) ** 2)
        d = 2 * (out - y) / y.size
        for layer in reversed(layers):
            d = layer.backward(d, 0.1)
print(loss)
"""

#: Each step back in time reads what the later cell has kept.
CELLS = """\
import numpy as np

rng = np.random.default_rng(0)
xs, ys = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))


class Parameters:
    def __init__(self):
        self.wg, self.wf = 0.5 * rng.standard_normal((2, 3)), 0.5 * rng.standard_normal((2, 3))
        self.clear()

    def clear(self):
        self.dwg, self.dwf = np.zeros((2, 3)), np.zeros((2, 3))


class Cell:
    def __init__(self, parameters):
        self.parameters = parameters

    def forward(self, x, before):
        self.x, self.before = x, before
        self.g = np.tanh(self.parameters.wg @ x)
        self.f = 1 / (1 + np.exp(-self.parameters.wf @ x))
        self.s = self.g + before * self.f

    def backward(self, ds):
        dg = ds * (1 - self.g**2)
        df = ds * self.before * self.f * (1 - self.f)
        self.parameters.dwg += np.outer(dg, self.x)
        self.parameters.dwf += np.outer(df, self.x)
        self.down = ds * self.f


parameters = Parameters()
cells = [Cell(parameters) for _ in xs]
for step in range(100):
    state, loss = np.array([0.3, -0.2]), 0
    for x, y, cell in zip(xs, ys, cells):
        cell.forward(x, state)
        state = cell.s
        loss += np.sum((state - y) ** 2)
    down = np.zeros(2)
    for k in range(len(cells) - 1, -1, -1):
        if k < len(cells) - 1:
            down = cells[k + 1].down
        cells[k].backward(2 * (cells[k].s - ys[k]) + down)
    parameters.wg -= 0.05 * parameters.dwg
    parameters.wf -= 0.05 * parameters.dwf
    parameters.clear()
print(loss)
"""

#: More names stand between a line and what it should read than a line has neighbours.
MANY_NAMES = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 1))
w1, w2, w3 = (0.5 * rng.standard_normal(shape) for shape in ((3, 5), (5, 5), (5, 1)))
b1, b2, b3 = np.zeros((1, 5)), np.zeros((1, 5)), np.zeros((1, 1))


def slope(z):
    return 1 - np.tanh(z) ** 2


for step in range(200):
    z1 = x @ w1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ w2 + b2
    a2 = np.tanh(z2)
    z3 = a2 @ w3 + b3
    cost = np.sum((z3 - y) ** 2) / 2
    d3 = z3 - y
    dw3 = a2.T @ d3
    db3 = np.sum(d3, axis=0, keepdims=True)
    d2 = (d3 @ w3.T) * slope(z2)
    dw2 = a1.T @ d2
    db2 = np.sum(d2, axis=0, keepdims=True)
    d1 = (d2 @ w2.T) * slope(z1)
    dw1 = x.T @ d1
    db1 = np.sum(d1, axis=0, keepdims=True)
    for parameter, gradient in zip([w1, w2, w3, b1, b2, b3], [dw1, dw2, dw3, db1, db2, db3]):
        parameter -= 0.01 * gradient
    print(cost)
"""

#: Gradients of a sum, each divided by the number of samples where it is used, beside a penalty.
PENALTY = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((9, 4)), rng.standard_normal((9, 2))
W, b, V = 0.5 * rng.standard_normal((4, 5)), 0.1 * np.ones(5), rng.standard_normal((5, 2))
n, strength = len(x), 0.7
for step in range(100):
    z = x @ W + b
    a = np.maximum(z, 0)
    p = a @ V
    loss = np.sum((p - y) ** 2) / (2 * n) + strength / (2 * n) * (np.sum(W**2) + np.sum(V**2))
    dp = p - y
    dV = a.T @ dp / n + strength / n * V
    dz = dp @ V.T
    dz[z <= 0] = 0
    dW = x.T @ dz / n + strength / n * W
    db = dz.sum(axis=0) / n
    W -= 0.1 * dW
    b -= 0.1 * db
    V -= 0.1 * dV
print(loss)
"""

#: Two inputs go through the same weights, and their difference is compared.
TWINS = """\
import numpy as np

rng = np.random.default_rng(0)
x1, x2, y = rng.standard_normal((9, 4)), rng.standard_normal((9, 4)), rng.standard_normal((9, 2))
W, U = 0.5 * rng.standard_normal((4, 5)), rng.standard_normal((5, 2))
for step in range(100):
    h1, h2 = np.tanh(x1 @ W), np.tanh(x2 @ W)
    e1, e2 = h1 @ U, h2 @ U
    loss = np.mean((e1 - e2 - y) ** 2)
    d = 2 * (e1 - e2 - y) / y.size
    dU = (h1 - h2).T @ d
    dh1 = d @ U.T
    dh2 = -(d @ U.T)
    dz1 = dh1 * (1 - h1**2)
    dz2 = dh2 * (1 - h2**2)
    dW = x1.T @ dz1 + x2.T @ dz2
    W -= 0.1 * dW
    U -= 0.1 * dU
print(loss)
"""

#: Gradients are summed over the steps of time, and clipped far from their size.
TIME = """\
import numpy as np

rng = np.random.default_rng(0)
xs, y = rng.standard_normal((5, 3, 1)), rng.standard_normal((2, 1))
Wx, Wh, Wy = (0.5 * rng.standard_normal(shape) for shape in ((4, 3), (4, 4), (2, 4)))
b = np.zeros((4, 1))
for step in range(100):
    hs = {-1: np.zeros((4, 1))}
    for t, x in enumerate(xs):
        hs[t] = np.tanh(np.dot(Wx, x) + np.dot(Wh, hs[t - 1]) + b)
    p = np.dot(Wy, hs[4])
    loss = np.sum((p - y) ** 2)
    dp = 2 * (p - y)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dWy = np.dot(dp, hs[4].T)
    dh = np.dot(Wy.T, dp)
    for t in reversed(range(5)):
        dz = (1 - hs[t] * hs[t]) * dh
        db += dz
        dWx += np.dot(dz, xs[t].T)
        dWh += np.dot(dz, hs[t - 1].T)
        dh = np.dot(Wh.T, dz)
    for d in [dWx, dWh, dWy, db]:
        np.clip(d, -50, 50, out=d)
    Wx -= 0.01 * dWx
    Wh -= 0.01 * dWh
    Wy -= 0.01 * dWy
    b -= 0.01 * db
print(loss)
"""

PROGRAMS = [NORMALISED, TWO_SLOPES, CELLS, MANY_NAMES, PENALTY, TWINS, TIME]


@dataclass(frozen=True)
class Lie:
    """A mistake in one line, and the code that names it; empty if none of the catalogue does."""

    text: str
    right: str
    wrong: str
    code: str = ""

    def __str__(self) -> str:
        return self.wrong


LIES = [
    Lie(
        NORMALISED,
        "da = dnormed * inverse + dvar * 2 * centred / n + dmean / n",
        "da = dnormed * inverse + dvar * 2 * centred / n",
        "GC305",
    ),
    Lie(NORMALISED, "dvar * 2 * centred", "dvar * centred", "GC102"),
    Lie(NORMALISED, "dnormed = dout * gamma", "dnormed = dout"),
    Lie(NORMALISED, "inverse = 1.0 / np.sqrt(var + 1e-3)", "inverse = 1.0 / (var + 1e-3)"),
    Lie(TWO_SLOPES, "return 1 - np.tanh(z) ** 2", "return np.tanh(z) ** 2 - 1", "GC101"),
    Lie(TWO_SLOPES, "return self.slope(self.z) * d", "return -self.slope(self.z) * d", "GC101"),
    Lie(CELLS, "self.down = ds * self.f", "self.down = ds"),
    Lie(CELLS, "down = cells[k + 1].down", "down = 2 * cells[k + 1].down"),
    Lie(MANY_NAMES, "(d3 @ w3.T) * slope(z2)", "(d3 @ w3.T) * slope(z1)", "GC303"),
    Lie(MANY_NAMES, "(d2 @ w2.T) * slope(z1)", "(d2 @ w2.T) * slope(a1)", "GC303"),
    Lie(PENALTY, "dz[z <= 0] = 0", "dz[z >= 0] = 0"),
    Lie(TIME, "db += dz", "db += dh", "GC301"),
    Lie(TIME, "db += dz", "db = dz", "GC311"),
    Lie(TIME, "np.clip(d, -50, 50, out=d)", "np.clip(d, -1e-3, 1e-3, out=d)"),
    Lie(PENALTY, "strength / n * W\n", "strength * W\n"),
]


@pytest.mark.parametrize("text", PROGRAMS, ids=["normalised", "slopes", "cells", "names", "penalty", "twins", "time"])
def test_the_right_program_passes(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS
    assert not blamed(report)


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_the_wrong_line_and_no_other(lie: Lie, tmp_path: Path) -> None:
    text, line = planted(lie.text, lie.right, lie.wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
    assert lie.code in ("", report.findings[0].code)
    assert "GC310" not in {finding.code for finding in report.findings}  # nothing is dropped out


@pytest.mark.parametrize("wrong", ["d = 2 * (y - out) / y.size", "d = -2 * (out - y) / y.size"])
def test_a_residual_of_the_other_sign_is_not_the_slope(wrong: str, tmp_path: Path) -> None:
    text, line = planted(TWO_SLOPES, "d = 2 * (out - y) / y.size", wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) <= {line, None}


def test_a_sign_that_one_of_two_twins_lacks_is_not_looked_for_behind_it(tmp_path: Path) -> None:
    """The line makes exactly the derivative of its twin."""
    text, line = planted(TWINS, "dh2 = -(d @ U.T)", "dh2 = d @ U.T")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) <= {line, None}


def test_edits_of_sums_of_large_matrices_are_tried(tmp_path: Path) -> None:
    """Two matrices of 80 by 80 make no array of 6400 by 6400, unless as an outer product."""
    large = TIME.replace("(4, 3), (4, 4), (2, 4)", "(80, 3), (80, 80), (2, 80)").replace("((4, 1))", "((80, 1))")
    text, line = planted(large, "hs[t - 1].T)", "hs[t].T)")
    report = checked(tmp_path, text.replace("0.5 * rng", "0.1 * rng"))
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
    assert report.findings[0].code == "GC206"
    assert "hs[t - 1].T" in str(report.findings[0].fix)
