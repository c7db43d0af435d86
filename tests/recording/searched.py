"""Small programs whose recordings are searched for wrong lines, with what formulas say of their values."""

from __future__ import annotations

import io
import linecache
import types
from typing import Any

import numpy as np

from gradcheck.recording.blame import Blame
from gradcheck.recording.graph import Value
from gradcheck.recording.record import record

#: The inputs, the targets and the parameters of the programs.
X = np.random.default_rng(1).standard_normal((7, 3))
Y = np.random.default_rng(2).standard_normal(7)
W = np.random.default_rng(3).standard_normal(3)

#: A perceptron: with a = tanh(X w) and the loss |a - y|² / 2, the derivative by X w is (a - y) (1 - a²).
PERCEPTRON = """\
import numpy as np

def loss(w):
    z = X @ w
    a = np.tanh(z)
    r = a - y
    return 0.5 * np.sum(r * r)

def gradient(w):
    z = X @ w
    a = np.tanh(z)
    r = a - y
    slope = 1.0 - a * a
    dz = r * slope
    dw = X.T @ dz
    return dw
"""

#: A softmax of z = X w, p = e / s, with the loss Σ p³ y: by p it is d = 3 p² y, by z it is p (d - p·d).
#: The diagonal of its Jacobian alone gives p (1 - p) d, and a sum s held constant gives p d.
SOFTMAX = """\
import numpy as np

def loss(w):
    z = X @ w
    e = np.exp(z)
    s = np.sum(e)
    p = e / s
    return np.sum(p**3 * y)

def gradient(w):
    z = X @ w
    e = np.exp(z)
    p = e / np.sum(e)
    d = 3.0 * p**2 * y
    dz = p * (d - np.sum(p * d))
    dw = X.T @ dz
    return dw
"""

#: Two uses of a = tanh(X w): with the loss Σ a² + Σ a y the derivative by a is 2 a + y, one part from each use.
TWO_USES = """\
import numpy as np

def loss(w):
    z = X @ w
    a = np.tanh(z)
    return np.sum(a * a) + np.sum(a * y)

def gradient(w):
    z = X @ w
    a = np.tanh(z)
    one = 2.0 * a
    da = one + y
    dz = da * (1.0 - a * a)
    dw = X.T @ dz
    return dw
"""


def searched(source: str, right: str = "", wrong: str = "") -> Blame:
    """The search in a program in which one text, found once, is exchanged for another."""
    assert source.count(right) == 1 or not right
    text = source.replace(right, wrong) if right else source
    file = f"<searched {hash(text)}>"
    linecache.cache[file] = (len(text), None, io.StringIO(text).readlines(), file)
    module = types.ModuleType("searched")
    module.__dict__.update(X=X, y=Y)
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    loss, gradient = module.__dict__["loss"], module.__dict__["gradient"]
    point = W.copy()
    found = record((loss, gradient), lambda: float(loss(point)), lambda: [gradient(point)], [point])
    assert found is not None
    return Blame(found, [0])


def named(blame: Blame, name: str, phase: int = 1) -> Value:
    """The last value of a name: of the backward pass, or of the forward pass if that is asked for."""
    return [v for v in blame.recording.graph.values if name in v.names and v.phase == phase][-1]


def unit_of(blame: Blame, value: Value) -> int:
    """The line that made a value."""
    assert value.site is not None
    return blame.recording.sites[value.site].unit


def text_of(blame: Blame, unit: int) -> str:
    """The source of a line."""
    return blame.recording.units[unit].text


def dz_of_perceptron() -> Any:
    """The derivative of its loss with respect to X w, by the formula."""
    a = np.tanh(X @ W)
    return (a - Y) * (1.0 - a**2)
