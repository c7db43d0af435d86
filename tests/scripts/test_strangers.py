"""Shapes of programs that people publish, in a few lines each: one that is right, and one with a wrong line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.findings import findings_in
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.samples import LINEAR, LINEAR_HEAD


@dataclass(frozen=True)
class Shape:
    """A program, one of its lines, and that line with a mistake."""

    name: str
    text: str
    right: str
    wrong: str

    def __str__(self) -> str:
        return self.name


#: A layer whose parameters are two levels below the variable of the program.
_LAYER = """\
import numpy as np

rng = np.random.default_rng(4)
plot = None


class Layer:
    def __init__(self, n, m):
        self.cache = None
        self.values = {"w": rng.standard_normal((n, m)), "b": np.zeros(m)}

    def forward(self, x):
        self.cache = x
        return x @ self.values["w"] + self.values["b"]

    def backward(self, d):
        self.slopes = {"w": self.cache.T @ d, "b": d.sum(axis=0)}
        return d @ self.values["w"].T


one, two = Layer(3, 4), Layer(4, 2)
x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
for epoch in range(50):
    hidden = np.tanh(one.forward(x))
    out = two.forward(hidden)
    loss = 0.5 * np.sum((out - y) ** 2)
    d = two.backward(out - y)
    one.backward(d * (1 - hidden**2))
    for layer in (one, two):
        for name in layer.values:
            layer.values[name] = layer.values[name] - 0.05 * layer.slopes[name]
"""

#: A line through points, point by point; both of its numbers start at zero, and training computes no loss.
_LINE = """\
import numpy as np

rng = np.random.default_rng(0)


def error(b, m, points):
    total = 0
    for i in range(len(points)):
        total += (points[i, 1] - (m * points[i, 0] + b)) ** 2
    return total / float(len(points))


def moved(b_now, m_now, points, rate):
    by_b = 0
    by_m = 0
    n = float(len(points))
    for i in range(len(points)):
        x = points[i, 0]
        y = points[i, 1]
        by_b += -(2 / n) * (y - ((m_now * x) + b_now))
        by_m += -(2 / n) * x * (y - ((m_now * x) + b_now))
    return [b_now - rate * by_b, m_now - rate * by_m]


def train(points, b, m, rate, count):
    for i in range(count):
        b, m = moved(b, m, np.array(points), rate)
    return [b, m]


def main():
    points = rng.standard_normal((20, 2))
    first, second = 0, 0
    print("before", error(first, second, points))
    b, m = train(points, first, second, 0.1, 50)
    print("after", error(b, m, points))


main()
"""

#: An object with a method for its loss, which nothing calls.
_UNCALLED = """\
import numpy as np


class Model:
    def __init__(self):
        self.w, self.c = np.zeros(3), 0.0

    def predict(self, x):
        return x @ self.w + self.c

    def cost(self, x, y):
        return np.mean((self.predict(x) - y) ** 2)

    def improve(self, x, y):
        r = self.predict(x) - y
        self.w = self.w - 0.1 * 2 * x.T @ r / len(y)
        self.c = self.c - 0.1 * 2 * np.mean(r)


rng = np.random.default_rng(0)
x, y = rng.standard_normal((9, 3)), rng.standard_normal(9)
model = Model()
for i in range(100):
    model.improve(x, y)
"""

#: A network that prints nothing and computes no loss.
_SILENT = """\
import numpy as np

rng = np.random.default_rng(0)


def squash(t):
    return 1 / (1 + np.exp(-t))


class Net:
    def __init__(self):
        self.inner, self.outer = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))

    def train(self, x, goal):
        hidden = squash(x @ self.inner)
        out = squash(hidden @ self.outer)
        error = goal - out
        d_out = error * out * (1 - out)
        d_hidden = d_out @ self.outer.T * hidden * (1 - hidden)
        self.outer += 0.3 * hidden.T @ d_out
        self.inner += 0.3 * x.T @ d_hidden


net = Net()
x, goal = rng.normal(size=(6, 3)), np.eye(2)[rng.integers(0, 2, 6)]
for i in range(100):
    net.train(x, goal)
"""

#: Logistic regression without a loss; the mean is taken in the gradient.
_LOGISTIC = """\
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(20, 3))
label = (x[:, 0] > 0) * 1.0
w, b = rng.normal(size=3), 0.1
for i in range(100):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    db = (p - label).mean()
    dw = x.T @ (p - label) / len(label)
    w -= 0.1 * dw
    b -= 0.1 * db
"""

#: Lists of numbers, which helper functions add to.
_HELPERS = """\
import random

random.seed(0)
data = [[random.gauss(0, 1) for _ in range(3)] for _ in range(6)]
goal = [row[0] - 2 * row[1] for row in data]


def plus(a, b):
    return [p + q for p, q in zip(a, b)]


def times(c, a):
    return [c * p for p in a]


def inner(a, b):
    return sum(p * q for p, q in zip(a, b))


weights = [random.random() for _ in range(3)]
for epoch in range(50):
    errors = [inner(weights, row) - t for row, t in zip(data, goal)]
    sse = sum(e * e for e in errors)
    slopes = [times(2 * e, row) for e, row in zip(errors, data)]
    slope = slopes[0]
    for other in slopes[1:]:
        slope = plus(slope, other)
    weights = plus(weights, times(-0.01, slope))
    print(sse)
"""

#: A loss from which logarithms are subtracted, sample by sample.
_SUBTRACTED = """\
import numpy as np

rng = np.random.default_rng(0)
x, labels = rng.normal(size=(12, 3)), rng.integers(0, 2, 12)
W, b = rng.normal(size=(3, 2)), np.zeros(2)
total = 0
for row, t in zip(x, labels):
    scores = row @ W + b
    p = np.exp(scores) / np.exp(scores).sum()
    total -= np.log(p[t])
    d = p.copy()
    d[t] -= 1
    W -= 0.1 * np.outer(row, d)
    b -= 0.1 * d
    print(total)
"""

SHAPES = [
    Shape("a sum from which the loss is subtracted", _SUBTRACTED, "np.outer(row, d)", "np.outer(row, d * p)"),
    Shape(
        "a variable that is None beside nested parameters",
        _LAYER,
        '{"w": self.cache.T @ d, "b": d.sum(axis=0)}',
        '{"w": self.cache.T @ d, "b": d.mean(axis=0)}',
    ),
    Shape("zero numbers, loss outside", _LINE, "-(2 / n) * x * (y", "-(1 / n) * x * (y"),
    Shape("a method for the loss", _UNCALLED, "2 * np.mean(r)", "2 * np.sum(r)"),
    Shape("no loss, squared error", _SILENT, "hidden * (1 - hidden)", "hidden * (1 + hidden)"),
    Shape("no loss, cross-entropy", _LOGISTIC, "x.T @ (p - label) / len(label)", "x.T @ (p - label * p) / len(label)"),
    Shape("lists and helper functions", _HELPERS, "times(2 * e, row)", "times(2 * e * e, row)"),
    Shape(
        "an archive of arrays that stays open",
        LINEAR.replace(
            "w = rng",
            "import io\n\nfile = io.BytesIO()\nnp.savez(file, x=x, y=y)\nfile.seek(0)\narchive = np.load(file)\n"
            "x, y = archive['x'], archive['y']\nw = rng",
        ),
        "g = x.T @ r",
        "g = x.T @ (r * r)",
    ),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shape_is_not_a_mistake(shape: Shape, tmp_path: Path) -> None:
    report = checked(tmp_path, shape.text)
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shape_hides_no_mistake(shape: Shape, tmp_path: Path) -> None:
    text, line = planted(shape.text, shape.right, shape.wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) <= {line}


def test_a_number_beside_the_loss_of_the_iteration_before_is_not_the_loss(tmp_path: Path) -> None:
    text = (
        LINEAR_HEAD + "sizes = []\nout = x @ w\nfor i in range(100):\n    error = np.sum((y - out) ** 2)\n"
        "    print(error)\n    w = w + 0.01 * 2 * x.T @ (y - out)\n    sizes.append(w @ w)\n    out = x @ w\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)


def test_two_losses_of_one_function_are_two(tmp_path: Path) -> None:
    text = (
        LINEAR_HEAD + "x2, y2 = rng.standard_normal((5, 3)), rng.standard_normal(5)\n\ndef cost(r):\n"
        "    return np.sum(r**2) / 2\n\nfor i in range(100):\n    r, r2 = x @ w - y, x2 @ w - y2\n"
        "    mine, theirs = [], []\n    mine.append(cost(r))\n    theirs.append(cost(r2))\n    g = x.T @ r\n"
        "    w -= 0.01 * g\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)


def test_a_loss_that_was_taken_for_the_programs_own_is_said(tmp_path: Path) -> None:
    report = checked(tmp_path, _SILENT)
    assert "computes no loss" in report.notes[0]
    assert "0.5 * np.sum(np.square(goal - out)) (line 17)" in report.notes[0]
    assert report.sources[str(tmp_path / "train.py")] == _SILENT


@pytest.mark.parametrize(("text", "call"), [(_LINE, "error(b, m, points)"), (_UNCALLED, "model.cost(x, y)")])
def test_a_loss_that_training_does_not_compute_is_that_of_a_call(text: str, call: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert f"the gradient of {call}" in report.notes[0]


@pytest.mark.parametrize("starts", [("0", "0"), ("0.0", "0.0"), ("0", "0.5"), ("0.3", "0.3"), ("-0.0", "0.0")])
def test_numbers_that_are_equal_at_the_start_are_two(starts: tuple[str, str], tmp_path: Path) -> None:
    text = _LINE.replace("first, second = 0, 0", f"first, second = {', '.join(starts)}")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert set(report.blocks) == {"b", "m"}


#: A regression that computes no loss.
_REGRESSION = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
w, c, b, n = rng.standard_normal(3), rng.standard_normal(3), 0.3, len(x)
for i in range(100):
    out = x @ w + b
    dw = (1 / n) * x.T @ (out - y)
    db = (1 / n) * np.sum(out - y)
    w = w - 0.1 * dw
    b = b - 0.1 * db
"""

#: The same with one more parameter.
_CUBIC = (
    _REGRESSION.replace("x @ w + b", "x @ w + x**3 @ c + b")
    .replace("    w = w", "    dc = (1 / n) * (x**3).T @ (out - y)\n    w = w")
    .replace("    b = b", "    c = c - 0.1 * dc\n    b = b")
)


def test_of_two_multiples_of_a_loss_that_is_never_computed_neither_is_accused(tmp_path: Path) -> None:
    assert checked(tmp_path, _REGRESSION).verdict is Verdict.PASS
    for right, wrong in (("(1 / n) * np.sum", "np.sum"), ("(1 / n) * x.T", "x.T")):
        report = checked(tmp_path, planted(_REGRESSION, right, wrong)[0])
        assert report.verdict is Verdict.FAIL
        assert blamed(report) == {None}
        (finding,) = report.findings
        assert finding.slug in ("mean-sum", "constant-factor")
        assert "which of them is meant is not known" in finding.message


def test_nothing_is_diagnosed_of_a_loss_that_no_gradient_belongs_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diagnosed: list[Verdict] = []

    def counted(*args: Any) -> Any:
        diagnosed.append(args[3].verdict)
        return findings_in(*args)

    monkeypatch.setattr("gradcheck.scripts.program.findings_in", counted)
    assert checked(tmp_path, _REGRESSION).verdict is Verdict.PASS
    assert diagnosed == [Verdict.PASS]  # not of half the sum of squares, which is 20 times the loss
    mistaken, line = planted(_REGRESSION, "x.T @ (out - y)", "x.T @ np.abs(out - y)")
    assert blamed(checked(tmp_path, mistaken)) == {line}
    assert Verdict.FAIL in diagnosed  # b is right there


def test_more_gradients_outvote_one_and_other_mistakes_are_found(tmp_path: Path) -> None:
    assert checked(tmp_path, _CUBIC).verdict is Verdict.PASS
    for text, right, wrong in (
        (_CUBIC, "(1 / n) * x.T", "x.T"),
        (_CUBIC, "(1 / n) * x.T", "(2 / n) * x.T"),
        (_REGRESSION, "(1 / n) * x.T @ (out - y)", "(1 / n) * x.T @ np.abs(out - y)"),
        (_REGRESSION, "(1 / n) * x.T @ (out - y)", "(-1 / n) * x.T @ (out - y)"),
    ):
        mistaken, line = planted(text, right, wrong)
        report = checked(tmp_path, mistaken)
        assert report.verdict is Verdict.FAIL
        assert blamed(report) == {line}, str(report)


#: A classifier with one bias, whose gradient is a mean.
_CLASSIFIER = """\
import numpy as np

rng = np.random.default_rng(0)
X, y = rng.standard_normal((20, 2)), rng.integers(0, 2, 20)
w, b = rng.standard_normal(2), 0.0
for epoch in range(100):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    error = p - y
    dw = np.dot(error, X) / len(X)
    db = np.mean(error)
    w -= 0.5 * dw
    b -= 0.5 * db
    print(loss)
"""


def test_the_line_of_one_number_is_found_whatever_the_constant(tmp_path: Path) -> None:
    assert checked(tmp_path, _CLASSIFIER).verdict is Verdict.PASS
    for wrong in ("-np.mean(error)", "0.5 * np.mean(error)", "np.sum(error)", "np.mean(error**2)"):
        text, line = planted(_CLASSIFIER, "np.mean(error)", wrong)
        report = checked(tmp_path, text)
        assert report.verdict is Verdict.FAIL
        assert blamed(report) == {line}, wrong


def test_an_update_with_a_number_that_another_line_computes_is_not_accused(tmp_path: Path) -> None:
    one = _REGRESSION.replace("(20, 3)", "(20, 1)").replace("standard_normal(3)", "standard_normal(1)")
    assert checked(tmp_path, one).verdict is Verdict.PASS
    text, line = planted(one, "(1 / n) * x.T @ (out - y)", "1 / n")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) <= {line, None}, str(report)


def test_a_program_whose_errors_belong_to_no_loss_is_refused(tmp_path: Path) -> None:
    text = _SILENT.replace("error * out * (1 - out)", "np.sign(error) * out")
    with pytest.raises(SubjectError, match="never computes its loss"):
        checked(tmp_path, text)


def test_a_perceptron_is_not_called_wrong(tmp_path: Path) -> None:
    text = (
        "import numpy as np\nrng = np.random.default_rng(0)\nx = rng.normal(size=(9, 2))\ngoal = (x[:, 0] > 0) * 1\n"
        "w, b = np.zeros(2), 0.0\nfor i in range(50):\n    for row, t in zip(x, goal):\n        score = row @ w + b\n"
        "        fired = np.where(score >= 0, 1, 0)\n        change = 0.1 * (t - fired)\n        w += change * row\n"
        "        b += change\n"
    )
    try:
        verdict = checked(tmp_path, text).verdict
    except SubjectError:
        verdict = Verdict.UNDECIDED
    assert verdict is Verdict.UNDECIDED


def test_entries_that_are_updated_one_after_the_other_are_not_called_wrong(tmp_path: Path) -> None:
    text = (
        "import numpy as np\nrng = np.random.default_rng(0)\nrating = rng.random((4, 3))\n"
        "P, Q = rng.random((4, 2)), rng.random((3, 2))\npairs = [(i, j) for i in range(4) for j in range(3)]\n"
        "for epoch in range(50):\n    for i, j in pairs:\n        e = rating[i, j] - P[i] @ Q[j]\n"
        "        old = P[i, :].copy()\n        P[i, :] += 0.1 * (e * Q[j, :] - 0.02 * P[i, :])\n"
        "        Q[j, :] += 0.1 * (e * old - 0.02 * Q[j, :])\n    total = 0\n    for i, j in pairs:\n"
        "        total += (rating[i, j] - P[i] @ Q[j]) ** 2\n    print(np.sqrt(total))\n"
    )
    assert checked(tmp_path, text).verdict is Verdict.UNDECIDED


def test_a_common_factor_that_no_single_line_explains_accuses_none(tmp_path: Path) -> None:
    text = (
        LINEAR_HEAD + "V = rng.standard_normal((3, 1))\nfor i in range(100):\n    r = x @ w - y\n"
        "    s = x @ V[:, 0] - y\n    loss = (np.sum(r**2) + np.sum(s**2) + np.sum(w**2)) / 24\n"
        "    dw = x.T @ r\n    dw += w\n    dV = (x.T @ s)[:, None]\n    w -= 0.01 * dw\n    V -= 0.01 * dV\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {None}
    assert "12 times" in report.notes[0]


def test_what_differences_cannot_see_is_compared_with_the_exact_derivative(tmp_path: Path) -> None:
    text = (
        LINEAR_HEAD + "V = 30 * rng.standard_normal((3, 40))\nu = rng.standard_normal(40)\nfor i in range(100):\n"
        "    h = np.tanh(x @ V)\n    r = h @ u - y\n    loss = 0.5 * np.sum(r**2)\n    du = h.T @ r\n"
        "    dV = x.T @ (np.outer(r, u) * (1 - h**2))\n    u -= 0.01 * du\n    V -= 0.01 * dV\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)


def test_a_cell_runs_loops_that_only_prepare(tmp_path: Path) -> None:
    cells = [
        "import numpy as np\nrng = np.random.default_rng(0)\nx = rng.normal(size=(8, 2))\n"
        "def powers(x):\n    out = np.ones((len(x), 1))\n    for k in range(1, 3):\n"
        "        out = np.hstack((out, x ** (k - 0)))\n    return out\n",
        "x = powers(x)",
        "w, y = np.zeros(5), rng.normal(size=8)\nfor i in range(9):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n"
        "    w = w - 0.1 * x.T @ r\n",
    ]
    sources = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in cells]
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"cells": sources, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    report = check_program(path, rng=0)
    assert report.verdict is Verdict.PASS
    assert report.blocks["w"].shape == (5,)


def test_an_optimiser_that_begins_with_no_averages_is_diagnosed_once(tmp_path: Path) -> None:
    text = LINEAR.replace(
        "w -= 0.1 * g", "state['m'] = 0.9 * state.get('m', 0) + g\n    w -= 0.1 * state['m']"
    ).replace("g = x.T @ r\n", "g = 2 * x.T @ r\n")
    report = checked(tmp_path, text.replace("for i in", "state = {}\nfor i in"))
    assert report.verdict is Verdict.FAIL
    assert report.findings


#: Hidden and visible states are drawn with the probabilities that the parameters make.
BOLTZMANN = """\
import numpy as np

np.random.seed(4)
data = (np.random.rand(20, 6) < 0.4) * 1.0
W = 0.3 * np.random.randn(6, 4)
b = 0.1 * np.random.randn(4)


def squashed(a):
    return 1 / (1 + np.exp(-a))


for epoch in range(50):
    up = squashed(data @ W + b)
    states = (up > np.random.rand(*up.shape)) * 1.0
    down = squashed(states @ W.T)
    again = squashed(down @ W + b)
    error = np.mean((data - squashed(up @ W.T)) ** 2)
    W += 0.1 * (data.T @ up - down.T @ again) / len(data)
    b += 0.1 * (up - again).mean(axis=0)
    print(error)
"""

#: Each step draws the samples that it uses; its gradient is wrong in a way that has no name.
BATCHES = """\
import numpy as np

np.random.seed(4)
X, y = np.random.randn(40, 3), np.random.randn(40)
w = np.random.randn(3)
for epoch in range(50):
    rows = np.random.permutation(40)[:16]
    r = X[rows] @ w - y[rows]
    loss = np.mean(r**2)
    w -= 0.1 * (2 * X[rows].T @ (r * np.cos(r)) / len(rows))
    print(loss)
"""


def test_states_that_are_drawn_by_the_model_give_no_gradient(tmp_path: Path) -> None:
    report = checked(tmp_path, BOLTZMANN)
    assert report.verdict is Verdict.UNDECIDED
    assert "draws random states" in str(report)


def test_samples_that_are_drawn_are_no_excuse(tmp_path: Path) -> None:
    assert checked(tmp_path, BATCHES).verdict is Verdict.FAIL


#: Rectifiers with dropout whose masks are drawn in each pass; the printed loss is a mean over rows and classes.
_DROPPED = """\
import numpy as np

np.random.seed(SEED)


class Drop:
    def __init__(self, rate=0.1):
        self.rate = rate
        self.scale = 1.0 / (1.0 - rate)

    def forward(self, x):
        self.mask = np.random.binomial(n=1, p=1 - self.rate, size=x.shape)
        return x * self.mask * self.scale

    def backward(self, d):
        return d * self.mask * self.scale


w, v = np.random.randn(12, 90) * 0.3, np.random.randn(90, 2) * 0.1
b, c = np.zeros((1, 90)), np.zeros((1, 2))
drop = Drop()
for step in range(200):
    batch, label = np.random.randn(20, 12), np.random.randint(0, 2, 20)
    batch, label = np.asarray(batch), np.asarray(label)
    z = batch @ w + b
    h = drop.forward(np.maximum(z, 0))
    s = h @ v + c
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    hot = np.eye(2)[label]
    loss = np.mean(-hot * np.log(p))
    ds = p - hot
    dz = drop.backward(ds @ v.T) * (z > 0)
    v -= 0.001 * h.T @ ds
    c -= 0.001 * ds.sum(axis=0, keepdims=True)
    w -= 0.001 * batch.T @ dz
    b -= 0.001 * dz.sum(axis=0, keepdims=True)
    print(loss)
"""


@pytest.mark.parametrize("seed", range(4))
def test_one_factor_of_all_gradients_is_said_among_kinks_and_draws(seed: int, tmp_path: Path) -> None:
    report = checked(tmp_path, _DROPPED.replace("SEED", str(seed)))
    assert report.verdict is Verdict.FAIL
    assert "40 times" in report.notes[0]
    assert blamed(report) <= {None, 1 + _DROPPED[: _DROPPED.index("ds = p - hot")].count("\n")}
    assert set(report.blocks) == {"w", "v", "b", "c"}
    assert all(abs(block.relative_error - 39 / 40) < 1e-4 for block in report.blocks.values()), str(report)
    assert report.evaluations < 300


@pytest.mark.parametrize("seed", range(2))
def test_one_gradient_with_another_factor_is_wrong_beside_it(seed: int, tmp_path: Path) -> None:
    text, line = planted(_DROPPED.replace("SEED", str(seed)), "* (z > 0)", "* (z > 0) / 2")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) <= {line, None}
    assert not any(note.startswith("Each gradient is 40 times") for note in report.notes)


#: A neuron in numbers: an update of each weight multiplies with a number of the sample, which is no rate.
_NEURON = """\
import math

samples = [([FIRST, -1.2], 1.0), ([1.5, 0.3], 0.0), ([-0.7, 0.9], 1.0)]
w, b, rate = [0.4, -0.3], 0.1, 0.1
for epoch in range(30):
    for x, goal in samples:
        out = 1 / (1 + math.exp(-(w[0] * x[0] + w[1] * x[1] + b)))
        d = FACTOR * (out - goal) * out * (1 - out)
        for j in range(2):
            w[j] -= rate * d * x[j]
        b -= rate * d
        loss = (out - goal) ** 2
        print(loss)
"""


@pytest.mark.parametrize("first", ["0.8", "0.5"])
def test_a_number_of_the_sample_is_no_rate_where_all_gradients_are_half_of_the_right_ones(
    first: str, tmp_path: Path
) -> None:
    text = _NEURON.replace("FIRST", first)
    report = checked(tmp_path, text.replace("FACTOR", "2"))
    assert report.verdict is Verdict.PASS, str(report)
    report = checked(tmp_path, text.replace("FACTOR * ", ""))
    assert report.verdict is Verdict.FAIL
    assert report.notes[0].startswith("Each gradient is 0.5 times that of loss"), str(report)
