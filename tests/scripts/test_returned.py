"""Derivatives and slopes that a function returns, and that its caller uses wrongly: the function is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked

#: The derivative of the cost, and the slope of the activation, each by a function of its own.
_FUNCTIONS = """\
import numpy as np

rng = np.random.default_rng(0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(a):
    return a * (1 - a)


def cost_slope(a, y):
    return (a - y) / len(y)


X, y = rng.normal(size=(9, 3)), rng.uniform(size=(9, 2))
W1, W2 = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
for epoch in range(100):
    h = sigmoid(X @ W1)
    out = sigmoid(h @ W2)
    loss = 0.5 * np.sum((out - y) ** 2) / len(y)
    delta2 = cost_slope(out, y) * slope(out)
    delta1 = delta2 @ W2.T * slope(h)
    W2 -= 0.1 * h.T @ delta2
    W1 -= 0.1 * X.T @ delta1
    print(loss)
"""

#: An activation whose backward pass calls its slope, in layers.
_LAYERS = """\
import numpy as np

rng = np.random.default_rng(0)


class Sigmoid:
    def forward(self, z):
        self.a = 1 / (1 + np.exp(-z))
        return self.a

    def slope(self, a):
        return a * (1 - a)

    def backward(self, grad):
        return grad * self.slope(self.a)


class Dense:
    def __init__(self, n, m):
        self.W = rng.normal(size=(n, m))
        self.act = Sigmoid()

    def forward(self, x):
        self.x = x
        return self.act.forward(x @ self.W)

    def backward(self, grad):
        delta = self.act.backward(grad)
        dx = delta @ self.W.T
        self.W -= 0.1 * self.x.T @ delta
        return dx


X, y = rng.normal(size=(9, 3)), rng.uniform(size=(9, 2))
net = [Dense(3, 4), Dense(4, 2)]
for epoch in range(100):
    a = net[1].forward(net[0].forward(X))
    loss = np.mean((a - y) ** 2)
    net[0].backward(net[1].backward(2 * (a - y) / a.size))
    print(loss)
"""

#: Layers that give the slope of their activation; the loop multiplies.
_SLOPES = """\
import numpy as np

rng = np.random.default_rng(0)


class Sigmoid:
    def __call__(self, z):
        return 1 / (1 + np.exp(-z))

    def prime(self, z):
        s = self(z)
        return s * (1 - s)


class Layer:
    def __init__(self, n, m):
        self.W = rng.normal(size=(n, m))
        self.act = Sigmoid()

    def forward(self, x):
        self.x, self.z = x, x @ self.W
        return self.act(self.z)

    def derivative(self):
        return self.act.prime(self.z)


X, y = rng.normal(size=(9, 3)), rng.uniform(size=(9, 2))
one, two = Layer(3, 4), Layer(4, 2)
for epoch in range(100):
    a = two.forward(one.forward(X))
    loss = 0.5 * np.sum((a - y) ** 2)
    error = a - y
    delta2 = two.derivative() * error
    delta1 = one.derivative() * (delta2 @ two.W.T)
    one.W -= 0.1 * X.T @ delta1
    two.W -= 0.1 * two.x.T @ delta2
    print(loss)
"""

#: A program, one of its lines, that line with a mistake, and the name of this.
_MISTAKES = {
    "the caller forgets the slope": (
        _FUNCTIONS,
        "cost_slope(out, y) * slope(out)",
        "cost_slope(out, y)",
        "missing-activation-derivative",
    ),
    "the function forgets what comes in": (
        _LAYERS,
        "return grad * self.slope(self.a)",
        "return self.slope(self.a)",
        "upstream-ignored",
    ),
    "the function forgets the slope": (
        _LAYERS,
        "return grad * self.slope(self.a)",
        "return grad",
        "missing-activation-derivative",
    ),
    "the slope is wrong": (_LAYERS, "return a * (1 - a)", "return a * (1 - a) * (1 - a)", None),
    "the caller of two functions forgets what comes in": (
        _SLOPES,
        "two.derivative() * error",
        "two.derivative()",
        "upstream-ignored",
    ),
}


@pytest.mark.parametrize("text", [_FUNCTIONS, _LAYERS, _SLOPES], ids=["functions", "layers", "slopes"])
def test_without_a_mistake_they_pass(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert blamed(report) == set()


@pytest.mark.parametrize("what", _MISTAKES)
def test_the_function_or_the_caller_is_wrong_and_not_the_other(what: str, tmp_path: Path) -> None:
    text, right, wrong, slug = _MISTAKES[what]
    text = text.replace(right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {1 + text[: text.index(wrong)].count("\n")}
    assert slug is None or [finding.slug for finding in report.findings] == [slug]
