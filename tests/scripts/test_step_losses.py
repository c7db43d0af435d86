"""Losses that a step does not compute: programs that are right, and the same with one wrong line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.called_loss import CalledLoss
from gradcheck.scripts.program import check_program
from gradcheck.scripts.step_losses import losses_of
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, captured, checked, planted

#: A network whose loss only later iterations compute.
_RARELY = """\
import numpy as np

rng = np.random.default_rng(3)
x, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
v, w = rng.standard_normal((3, 4)), rng.standard_normal((4, 2))


def forward(v, w):
    return np.tanh(x @ v) @ w


for i in range(1, 500):
    h = np.tanh(x @ v)
    out = h @ w
    d = 2 * (out - y) / len(y)
    dw = h.T @ d
    dv = x.T @ (d @ w.T * (1 - h**2))
    w = w - 0.1 * dw
    v = v - 0.1 * dv
    if i % 100 == 0:
        seen = forward(v, w)
        print("after", i, np.sum((seen - y) ** 2) / len(y))
"""

#: A minimiser that gets the objective and its gradient, and goes through the samples of lists.
_GIVEN = """\
import random

random.seed(1)


def product(v, w):
    return sum(a * b for a, b in zip(v, w))


def less(v, w):
    return [a - b for a, b in zip(v, w)]


def times(c, v):
    return [c * a for a in v]


def error(x, y, beta):
    return y - product(x, beta)


def squared(x, y, beta):
    return error(x, y, beta) ** 2


def slope(x, y, beta):
    return [-2 * x_j * error(x, y, beta) for x_j in x]


def shuffled(data):
    order = list(range(len(data)))
    random.shuffle(order)
    for i in order:
        yield data[i]


def minimised(target, gradient, xs, ys, start, rate):
    data = list(zip(xs, ys))
    theta = start
    best, lowest, stuck = None, float("inf"), 0
    while stuck < 20:
        value = sum(target(x, y, theta) for x, y in data)
        if value < lowest:
            best, lowest, stuck = theta, value, 0
        else:
            stuck += 1
        for x, y in shuffled(data):
            change = gradient(x, y, theta)
            theta = less(theta, times(rate, change))
    return best


xs = [[1, random.random(), random.random()] for _ in range(12)]
ys = [random.random() for _ in range(12)]
print(minimised(squared, slope, xs, ys, [random.random() for _ in xs[0]], 0.001))
"""

#: An object with a loss and its derivative, of which training calls the derivative alone.
_PAIRED = """\
import numpy as np

rng = np.random.default_rng(2)


class CrossEntropy:
    def loss(self, y, p):
        return -y * np.log(p) - (1 - y) * np.log(1 - p)

    def derivative(self, y, p):
        return -y / p + (1 - y) / (1 - p)


class Model:
    def __init__(self):
        self.w, self.measure = 0.1 * rng.standard_normal((3, 1)), CrossEntropy()

    def fit(self, x, y):
        for i in range(50):
            p = 1 / (1 + np.exp(-x @ self.w))
            d = self.measure.derivative(y, p)
            self.w -= 0.01 * x.T @ (d * p * (1 - p))


x = rng.standard_normal((10, 3))
Model().fit(x, (x[:, :1] > 0) * 1.0)
"""

#: A sum over points in a loop; the difference is that of two calls.
_POINTS = """\
points = [((5.0, 2.0), 15.0), ((6.0, 5.0), 25.0), ((11.0, 12.0), 41.0), ((1.0, 1.0), 8.0)]
weights = [2, 4, 1]


def predicted(k):
    return weights[0] + sum(w * x for w, x in zip(weights[1:], points[k][0]))


def wanted(k):
    return points[k][1]


def error(k):
    return predicted(k) - wanted(k)


def slope(j):
    total = 0
    for k in range(len(points)):
        total += error(k) if j < 0 else error(k) * points[k][0][j]
    return total / len(points)


def descend(rate, count):
    global weights
    for i in range(count):
        moved = [0, 0, 0]
        for j in range(len(weights)):
            moved[j] = weights[j] - rate * slope(j - 1)
        weights = moved


descend(0.009, 40)
"""

#: A layer whose weights are made on its first input, as wide as that is.
_LATE = """\
import numpy as np

rng = np.random.default_rng(5)


class Layer:
    def __init__(self, width):
        self.width, self.values, self.slopes = width, {"w": None, "b": None}, {}

    def forward(self, x):
        if self.values["w"] is None:
            self.values["w"] = rng.standard_normal((x.shape[1], self.width))
            self.values["b"] = np.zeros(self.width)
        self.x = x
        return x @ self.values["w"] + self.values["b"]

    def backward(self, d):
        self.slopes = {"w": self.x.T @ d, "b": d.sum(axis=0)}


x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
layer = Layer(2)
for i in range(30):
    out = layer.forward(x)
    loss = 0.5 * np.sum((out - y) ** 2)
    layer.backward(out - y)
    for name in layer.values:
        layer.values[name] -= 0.05 * layer.slopes[name]
"""

PROGRAMS = [
    pytest.param(_RARELY, "dw = h.T @ d", "dw = h.T @ (d * d)", id="a branch that is not taken"),
    pytest.param(_LATE, "d.sum(axis=0)", "d.mean(axis=0)", id="weights that the first iteration makes"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), PROGRAMS)
def test_one_wrong_line_is_found(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        (_RARELY, "np.sum((forward(v, w) - y) ** 2) / len(y)"),
        (_GIVEN, "target(x, y, theta)"),
        (_PAIRED, "np.sum(self.measure.loss(y, p))"),
        (_POINTS, "0.5 * np.sum(np.square(predicted(k) - wanted(k))), summed over the samples (line 14)"),
    ],
)
def test_what_was_taken_for_the_loss_is_said(text: str, loss: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert loss in report.notes[0]


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (_GIVEN, "[-2 * x_j * error", "[-2 * x_j * x_j * error"),
        (_PAIRED, "(d * p * (1 - p))", "(d * p * (1 + p))"),
        (_POINTS, "error(k) if j < 0", "error(k) ** 3 if j < 0"),
    ],
)
def test_a_wrong_line_is_not_made_right_by_the_choice_of_a_loss(
    text: str, right: str, wrong: str, tmp_path: Path
) -> None:
    text, line = planted(text, right, wrong)
    try:
        report = checked(tmp_path, text)
    except SubjectError:  # no gradient is right, so nothing tells what the loss is
        return
    assert report.verdict is not Verdict.PASS, str(report)
    assert blamed(report) <= {line, None}


def test_a_loss_of_another_branch_is_that_of_the_program_even_if_no_gradient_is_right(tmp_path: Path) -> None:
    text = _RARELY.replace("d = 2 * (out - y)", "d = 2 * (0 * out - y) * out")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert "was taken for it, which others" in report.notes[0]


def test_a_number_of_another_branch_that_no_update_follows_is_no_loss(tmp_path: Path) -> None:
    sized = _RARELY.replace("np.sum((seen - y) ** 2) / len(y)", "np.linalg.norm(v)")
    report = checked(tmp_path, sized)  # the errors tell what the loss is
    assert report.verdict is Verdict.PASS, str(report)
    assert "np.square(out - y)" in report.notes[0]


def test_gradients_that_are_all_zero_are_wrong_and_no_fault(tmp_path: Path) -> None:
    text = _RARELY.replace("(out - y) / len(y)\n    dw", "0 * (out - y)\n    dw")
    text = text.replace("if i % 100 == 0", "if i % 1 == 0")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL


def test_a_refusal_names_the_numbers_that_were_tried(tmp_path: Path) -> None:
    text = _PAIRED.replace("(d * p * (1 - p))", "(np.abs(d) * p)")
    with pytest.raises(SubjectError, match=r"none of .*np.sum\(self.measure.loss\(y, p\)\) \(line 21\)"):
        checked(tmp_path, text)


def test_sums_that_prepare_data_are_no_training(tmp_path: Path) -> None:
    text = _RARELY.replace(
        "for i in range(1, 500)",
        "mean = np.zeros(3)\nfor row in np.vstack([x] * 9):\n    mean += 0.1 * row\n\nfor i in range(1, 500)",
    ).replace("    if i % 100 == 0:\n        seen", "    if True:\n        seen")
    report = check_program(_written(tmp_path, text), rng=0)
    assert report.verdict is Verdict.PASS, str(report)
    assert set(report.blocks) == {"v", "w"}


def test_names_that_a_step_does_not_have_are_left_out(tmp_path: Path) -> None:
    step = captured(tmp_path, _RARELY)
    try:
        with np.errstate(all="ignore"):
            texts = [each.text for each in losses_of(step, [])]
    finally:
        step.release()
    assert "np.sum((forward(v, w) - y) ** 2) / len(y)" in texts
    assert all("seen" not in text for text in texts)


def test_what_runs_the_training_is_no_loss(tmp_path: Path) -> None:
    text = _PAIRED.replace(
        "    def fit(self, x, y):",
        "    def score(self, x, y):\n        return self.fit(x, y)\n\n    def fit(self, x, y):",
    )
    step = captured(
        tmp_path,
        text.replace(
            "self.measure.derivative(y, p)", "self.measure.derivative(y, p)\n            self.same(x, y)"
        ).replace("    def score", "    def same(self, x, y):\n        return x\n\n    def score"),
    )
    try:
        texts = [each.text for each in losses_of(step, [CalledLoss("self.fit(x, y)", 1), CalledLoss("len(x)", 2)])]
    finally:
        step.release()
    assert "self.fit(x, y)" not in texts
    assert "self.score(x, y)" not in texts
    assert "len(x)" in texts
    assert "self.measure.loss(y, p)" in texts


def _written(folder: Path, text: str) -> Path:
    path = folder / "train.py"
    path.write_text(text, encoding="utf-8")
    return path


#: Updates of one sample, drawn by its number, and the loss of all samples after them.
_SAMPLED = """\
import numpy as np

rng = np.random.default_rng(0)
X, Y = DATA
W0, B0 = rng.standard_normal((2, 3)), np.zeros((1, 3))
W1, B1 = rng.standard_normal((3, 2)), np.zeros((1, 2))
losses = []
for i in range(1000):
    k = int(rng.random() * len(X))
    A0 = X[k]
    A1 = np.tanh(A0 @ W0 + B0)
    A2 = A1 @ W1 + B1
    dB1 = 2 * (A2 - Y[k])
    dW1 = A1.T @ dB1
    dB0 = dB1 @ W1.T * (1 - A1**2)
    dW0 = A0.T @ dB0
    W0 = W0 - 0.01 * dW0
    B0 = B0 - 0.01 * dB0
    W1 = W1 - 0.01 * dW1
    B1 = B1 - 0.01 * dB1
    losses.append(LOSS)
"""

_OF_ALL = "np.sum((np.tanh(np.array(X) @ W0 + B0) @ W1 + B1 - np.array(Y)) ** 2) / len(X)"

_DATA = {
    "arrays": "rng.standard_normal((6, 1, 2)), rng.standard_normal((6, 1, 2))",
    "lists": "[rng.standard_normal((1, 2)) for _ in range(6)], [rng.standard_normal((1, 2)) for _ in range(6)]",
}


@pytest.mark.parametrize("data", _DATA)
def test_the_loss_of_all_samples_says_nothing_of_the_gradient_of_one(data: str, tmp_path: Path) -> None:
    text = _SAMPLED.replace("DATA", _DATA[data])
    report = checked(tmp_path, text.replace("LOSS", _OF_ALL), budget=400)
    assert report.verdict is Verdict.UNDECIDED, str(report)
    assert "perhaps from other data" in str(report)
    assert blamed(report) == set()
    own = text.replace("LOSS", "np.sum((A2 - Y[k]) ** 2)")
    assert checked(tmp_path, own).verdict is Verdict.PASS
    wrong, line = planted(own, "A1.T @ dB1", "0.5 * A1.T @ dB1")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


def test_a_gradient_that_is_wrong_from_its_head_on_is_wrong_although_it_reads_all_data(tmp_path: Path) -> None:
    text = (
        _SAMPLED.replace("DATA", _DATA["arrays"]).replace("[k]", "[:, 0]").replace("LOSS", "np.sum((A2 - Y[:, 0])**2)")
    )
    text = text.replace("0.01 * dB1", "0.01 * dB1.sum(0)").replace("0.01 * dB0", "0.01 * dB0.sum(0)")
    assert checked(tmp_path, text).verdict is Verdict.PASS
    wrong, line = planted(text, "2 * (A2 - Y[:, 0])", "2 * (A2 + Y[:, 0])")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
