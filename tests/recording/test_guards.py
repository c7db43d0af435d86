"""A gradient that leaves out a guard of the loss is named so, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from tests.scripts.planted import checked

Array = np.ndarray[Any, Any]

EPSILON = 1e-6

POINT = np.array([2e-3, 0.4, 1e-3, 0.9])


def entropy(x: Array) -> float:
    return float(-np.sum(np.log(x**2 + EPSILON)))


def without_the_guard(x: Array) -> Array:
    return np.asarray(-2 * x / x**2)


def with_the_guard(x: Array) -> Array:
    return np.asarray(-2 * x / (x**2 + EPSILON))


def half(x: Array) -> Array:
    return np.asarray(-x / x**2)


def lengths(x: Array) -> float:
    size = np.sqrt(x**2 + EPSILON)
    return float(np.sum(size**1.5))


def lengths_without(x: Array) -> Array:
    return np.asarray(1.5 * np.abs(x) ** 0.5 * np.sign(x))


@pytest.mark.parametrize(("fun", "grad"), [(entropy, without_the_guard), (lengths, lengths_without)])
def test_a_guard_that_the_gradient_ignores_is_named(
    fun: Callable[[Array], float], grad: Callable[[Array], Array]
) -> None:
    report = gradcheck.check_gradients(fun, grad, POINT, rng=0)
    assert report.verdict is gradcheck.Verdict.FAIL
    assert [finding.code for finding in report.findings] == ["GC404"]
    assert "EPSILON" in report.findings[0].message
    assert not [line for line in report.lines if line.verdict is gradcheck.Verdict.FAIL]


def test_a_gradient_with_the_guard_passes() -> None:
    assert gradcheck.check_gradients(entropy, with_the_guard, POINT, rng=0).verdict is gradcheck.Verdict.PASS


def test_another_mistake_is_not_the_guard() -> None:
    report = gradcheck.check_gradients(entropy, half, POINT, rng=0)
    assert report.verdict is gradcheck.Verdict.FAIL
    assert "GC404" not in [finding.code for finding in report.findings]


GUARDED = """\
import numpy as np

rng = np.random.default_rng(0)
x, t = rng.normal(size=(30, 20)), rng.integers(0, 5, 30)
W, V = rng.normal(size=(20, 30)), rng.normal(size=(30, 5))
for turn in range(9):
    h = np.maximum(x @ W, 0)
    s = h @ V
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.sum(np.log(p[np.arange(30), t] + 1e-4)) / 30
    d = p.copy()
    d[np.arange(30), t] -= 1
    d /= 30
    W, V = W - 0.01 * x.T @ ((d @ V.T) * (h > 0)), V - 0.01 * h.T @ d
"""


def test_a_guard_in_a_script_is_named(tmp_path: Path) -> None:
    report = checked(tmp_path, GUARDED)
    assert [finding.code for finding in report.findings] == ["GC404"]
    assert report.findings[0].line == 11


def test_an_array_of_one_entry_beside_a_wrong_gradient_is_no_fault(tmp_path: Path) -> None:
    """What is added to a value may be a matrix of one entry: a bias of one output, or a label."""
    text = (
        "import numpy as np\n\nrng = np.random.default_rng(0)\nw, b = rng.random((1, 3)), rng.random((1, 1))\n"
        "x, y = rng.random((3, 1)), np.array([[1e-4]])\nfor i in range(20):\n    p = np.dot(w, x) + b\n"
        "    loss = ((p + y) ** 2).sum()\n    d = p + y\n    w -= 0.1 * d @ x.T\n    b -= 0.1 * d\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is gradcheck.Verdict.FAIL
    assert "GC404" not in {finding.code for finding in report.findings}
    assert checked(tmp_path, text.replace("d = p", "d = 2 * (p").replace("+ y\n    w", "+ y)\n    w")).verdict is (
        gradcheck.Verdict.PASS
    )
