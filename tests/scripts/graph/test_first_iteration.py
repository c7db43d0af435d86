"""Parameters that the first iteration makes: in dicts, lists and attributes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.first_iteration import makes_parameters
from gradcheck.scripts.hints import Hints
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, captured, checked, planted
from tests.scripts.samples import LINEAR, LINEAR_HEAD

#: A reward of words: weights are new in a dict, and each iteration meets other ones. The program computes no loss.
_WORDS = """\
import math
import random
from collections import Counter, defaultdict

GOOD, BAD = ("ball", "goal", "team", "run"), ("paint", "oil", "brush", "clay")


def value(w, words):
    return sum(w.get(word, 0.0) * n for word, n in Counter(words).items())


def fit(count, rate):
    rng = random.Random(0)
    w = defaultdict(float)
    for _ in range(count):
        better = [rng.choice(GOOD), rng.choice(GOOD)]
        worse = [rng.choice(BAD), rng.choice(BAD)]
        p = 1 / (1 + math.exp(value(w, worse) - value(w, better)))
        scale = 1 - p
        for word, n in Counter(better).items():
            w[word] += rate * scale * n
        for word, n in Counter(worse).items():
            w[word] -= rate * scale * n
    return w


print(sorted(fit(200, 0.1).items()))
"""

#: A classifier of documents: the weight of a word is drawn when the word is met.
_DOCUMENTS = """\
import math
import random

rng = random.Random(3)
documents = [(["sun", "warm", "sky"], 1.0), (["rain", "cold", "sky"], 0.0), (["rain", "dark"], 0.0)]
weights = {"(bias)": 0.1}
for epoch in range(20):
    words, target = rng.choice(documents)
    z = weights["(bias)"]
    for word in words:
        weights.setdefault(word, rng.uniform(-0.1, 0.1))
        z += weights[word]
    p = 1.0 / (1.0 + math.exp(-z))
    loss = -(target * math.log(p) + (1 - target) * math.log(1 - p))
    error = p - target
    weights["(bias)"] -= 0.3 * error
    for word in words:
        weights[word] -= 0.3 * error
    print(loss)
"""

#: A list that grows with the indices that are met; each number is read for its own gradient alone.
_GROWN = """\
import math

data = [(0, 1.0), (3, 0.0), (1, 1.0), (3, 1.0)]
theta = []
for epoch in range(5):
    total = 0.0
    for index, target in data:
        while len(theta) <= index:
            theta.append(0.2)
        p = 1 / (1 + math.exp(-theta[index]))
        total += -(target * math.log(p) + (1 - target) * math.log(1 - p))
    slopes = [0.0] * len(theta)
    for index, target in data:
        slopes[index] += 1 / (1 + math.exp(-theta[index])) - target
    for i in range(len(theta)):
        theta[i] -= 0.5 * slopes[i]
    print(total)
"""

#: A layer that learns the size of its input from it, before one that exists.
_LAYER = """\
import numpy as np

rng = np.random.default_rng(1)


class Layer:
    W = None

    def forward(self, x):
        if self.W is None:
            self.W, self.b = rng.normal(0, 0.5, (x.shape[1], 4)), np.zeros(4)
        self.x = x
        return x @ self.W + self.b

    def backward(self, d):
        dW = self.x.T @ d
        db = d.sum(axis=0)
        self.W -= 0.1 * dW
        self.b -= 0.1 * db


layer, V = Layer(), rng.normal(0, 0.5, (4, 1))
X, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 1))
for i in range(100):
    h = np.tanh(layer.forward(X))
    out = h @ V
    loss = ((out - y) ** 2).mean()
    d = 2 * (out - y) / len(X)
    dh = d @ V.T * (1 - h**2)
    V -= 0.1 * h.T @ d
    layer.backward(dh)
    print(loss)
"""

#: A program, its loss where it computes none, one of its lines, that line with a mistake, and all its parameters.
_PROGRAMS = {
    "words": (
        _WORDS,
        "-math.log(p)",
        "w[word] -= rate * scale * n",
        "w[word] += scale * rate * n",
        {"w['run']", "w['paint']", "w['brush']"},
    ),
    "documents": (
        _DOCUMENTS,
        None,
        "weights[word] -= 0.3 * error",
        "weights[word] += 0.3 * error",
        {"weights['(bias)']", "weights['sun']", "weights['warm']", "weights['sky']"},
    ),
    "grown": (
        _GROWN,
        None,
        "1 / (1 + math.exp(-theta[index])) - target",
        "1 / (1 + math.exp(-theta[index])) + target",
        {"theta[0]", "theta[1]", "theta[3]"},
    ),
    "layer": (_LAYER, None, "dW = self.x.T @ d", "dW = 0.5 * self.x.T @ d", {"V", "layer.W", "layer.b"}),
}


@pytest.mark.parametrize("name", _PROGRAMS)
def test_parameters_that_the_first_iteration_makes_are_checked(name: str, tmp_path: Path) -> None:
    text, loss, right, wrong, parameters = _PROGRAMS[name]
    report = checked(tmp_path, text, hints=Hints(loss=loss))
    assert report.verdict is Verdict.PASS, str(report)
    assert set(report.blocks) == parameters
    assert "The first iteration makes parameters, so the one after it was checked, on the same data" in report.notes
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text, hints=Hints(loss=loss))
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


def test_a_program_whose_new_parameters_belong_to_no_loss_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubjectError, match=r"never computes its loss.*depends on w\['run'\], w\['paint'\]") as error:
        checked(tmp_path, _WORDS)
    places = [1 + _WORDS[: _WORDS.index(f"        {name} = ")].count("\n") for name in ("p", "scale")]
    assert f"of which p (line {places[0]}) and scale (line {places[1]}) depend on parameters" in str(error.value)


#: What the first iteration leaves in a dict, and whether it is a parameter.
_LEFT = {
    "a cache": ("    kept['r'] = r\n", False),
    "a sum": ("    kept['sum'] = kept.get('sum', 0.0) + loss\n", False),
    "an average of the gradient": (
        "    kept['m'] = 0.9 * kept.get('m', 0.0) + 0.1 * g\n    w = w - 0.01 * kept['m']\n",
        False,
    ),
    "a list of losses": ("    kept.setdefault('losses', []).append(loss)\n", False),
    "a parameter that starts at zero": (
        "    c = kept.get('c', 0.0)\n    s = np.mean((x @ w + c) ** 2)\n    kept['c'] = c - 0.1 * np.mean(x @ w + c)\n",
        True,
    ),
    "a parameter that is drawn": (
        "    u = kept.setdefault('u', np.ones(3))\n    e = x @ u - y\n    kept['u'] = u - 0.01 * x.T @ e\n",
        True,
    ),
}


@pytest.mark.parametrize("what", _LEFT)
def test_what_is_read_and_updated_is_a_parameter(what: str, tmp_path: Path) -> None:
    left, expected = _LEFT[what]
    step = captured(tmp_path, LINEAR.replace(LINEAR_HEAD, LINEAR_HEAD + "kept = {}\n") + left)
    trace = step.prepare()
    assert makes_parameters(step) is expected
    assert step.scope["kept"] == {}
    assert step.record().after.keys() == trace.after.keys()
