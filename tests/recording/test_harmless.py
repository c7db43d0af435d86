"""Only functions whose source shows that they change nothing are called to find a term."""

from __future__ import annotations

import linecache
import types
from typing import Any

import numpy as np
import pytest

from gradcheck.recording.budget import Budget
from gradcheck.recording.calls import Calls
from gradcheck.recording.harmless import is_harmless
from gradcheck.recording.terms import Terms
from gradcheck.recording.trial import Trial

#: Functions that may be called.
HARMLESS = [
    "def f(x):\n    return 1 - np.tanh(x) ** 2",
    "f = lambda x: np.where(x > 0, 1.0, np.exp(x))",
    "def f(x):\n    out = np.zeros_like(x)\n    out[1:] = x[:-1]\n    out += 2 * x\n    return out",
    "def f(x):\n    total = 0.0\n    for each in x:\n        total += float(each)\n    return total",
    "def f(x):\n    y = x.T.copy()\n    return y.sum(axis=0) / len(x)",
    "def f(x):\n    return g(x) + special.expit(x) + math.exp(0.5) + digamma(x)",
    "def f(x):\n    return np.linalg.norm(x) if x.ndim else abs(x)",
    "def f(x):\n    if np.any(x < 0):\n        raise ValueError('negative')\n    return np.sqrt(x)",
]

#: Functions that may not: they change what they are given, or something outside, or nobody knows.
HARMFUL = [
    "def f(x):\n    print(x)",
    "def f(x):\n    open(x)",
    "def f(x):\n    np.save('file', x)\n    return x",
    "def f(x):\n    x[0] = 1.0\n    return x",
    "def f(x):\n    x += 1.0\n    return x",
    "def f(x):\n    y = x\n    y *= 2.0\n    return y",
    "def f(x):\n    y = np.asarray(x)\n    y[0] = 1.0\n    return y",
    "def f(x):\n    y = np.zeros(3)\n    y = x\n    y[0] = 1.0\n    return y",
    "def f(x):\n    global seen\n    seen = x\n    return x",
    "def f(x):\n    kept.append(x)\n    return x",
    "def f(x):\n    x.value = 1.0\n    return x",
    "def f(x):\n    np.add.at(x, 0, 1.0)\n    return x",
    "def f(x):\n    return np.exp(x, out=x)",
    "def f(x):\n    return np.random.normal() * x",
    "def f(x):\n    return writes(x)",
    "def f(x):\n    return f(x - 1)",
    "def f(x):\n    while x > 0:\n        x = x - 1\n    return x",
    "def f(x):\n    import os\n    return os.getpid()",
    "def f(x):\n    return os.remove(x)",
    "def f(x, sum=print):\n    return sum(x)",
    "def f(x):\n    for row in x:\n        row[0] = 1.0\n    return x",
    "def f(x):\n    x.sort()\n    return x",
    "@decorated\ndef f(x):\n    return x",
    "def f(x):\n    yield x",
]

BEFORE = """
import math
import os
import numpy as np
from scipy import special
from scipy.special import digamma

kept = []

def decorated(function):
    return function

def g(x):
    return 2 * x

def writes(x):
    kept.append(x)
    return x
"""


def made(text: str) -> dict[str, Any]:
    file = f"<harmless {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space: dict[str, Any] = {"__name__": "harmless"}
    exec(compile(text, file, "exec", dont_inherit=True), space)
    return space


@pytest.mark.parametrize("text", HARMLESS)
def test_a_function_that_only_computes_may_be_called(text: str) -> None:
    assert is_harmless(made(BEFORE + text + "\n")["f"])


@pytest.mark.parametrize("text", HARMFUL)
def test_a_function_that_may_change_something_is_not(text: str) -> None:
    assert not is_harmless(made(BEFORE + text + "\n")["f"])


def test_a_function_without_source_is_not_called() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return 2 * x\n", space)
    assert isinstance(space["f"], types.FunctionType)
    assert not is_harmless(space["f"])


def test_a_search_for_a_term_calls_no_other_function() -> None:
    """Of those that the expression does not call itself."""
    space = made(BEFORE + "def f(x):\n    return np.tanh(x)\n")
    file = space["f"].__code__.co_filename
    space |= {"d": np.linspace(0.1, 0.9, 4), "z": np.linspace(1.3, 1.9, 4)}

    def found(wanted: Any) -> list[str]:
        return Terms(
            "d * f(z)",
            ["d", "z"],
            space,
            file,
            Trial(Calls()),
            lambda value: np.shape(value) == (4,) and np.allclose(value, wanted, rtol=1e-12),
            Budget(1e9),
        ).found()

    assert "d * g(z)" in found(2 * space["d"] * space["z"])
    assert not any("writes" in text for text in found(space["d"] * space["z"]))
    assert space["kept"] == []
