"""GC313 is named for a backward pass that does what upstream gradients of one would make right; not for other ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array, Layer
from gradcheck.reports.report import Report
from tests.diagnosis.mistakes.cases import check_block, check_layer, slugs, with_backward

SLUG = "upstream-ignored"


def given(kind: type[Layer], change: Callable[[Array], Array], *args: Any, **named: Any) -> Report:
    """Check a network with a layer whose backward pass gets another upstream gradient."""

    class Changed(kind):  # type: ignore[misc, valid-type]
        def backward(self, upstream: Array) -> Array:
            return np.asarray(super().backward(change(np.asarray(upstream))))

    return check_layer(Changed(*args, **named))


class HalfDense(nn.Dense):
    """Uses the upstream gradient for the input, not for its own parameters."""

    def backward(self, upstream: Array) -> Array:
        downstream = super().backward(upstream)
        ones = np.ones_like(upstream)
        self.parameter_gradients(ones)
        return np.asarray(downstream)


class FirstPrinciples(nn.Layer):
    """x² written without the library, with its gradient 2x, and no upstream."""

    def forward(self, x: Array) -> Array:
        self.x = np.asarray(x)
        return np.asarray(self.x**2 + self.x)

    def backward(self, upstream: Array) -> Array:
        return np.asarray(2 * self.x + 1)


WRONG = {
    "tanh": lambda: given(nn.Tanh, np.ones_like),
    "sigmoid": lambda: given(nn.Sigmoid, np.ones_like),
    "written by hand": lambda: check_layer(FirstPrinciples()),
    "dense": lambda: given(nn.Dense, np.ones_like, 4, 4, rng=3),
    "dense, its parameters alone": lambda: check_layer(HalfDense(4, 4, rng=3)),
    "layer norm": lambda: given(nn.LayerNorm, np.ones_like, 4),
    "one output": lambda: check_layer(given_one(), width=1),
    "a sign beside": lambda: given(nn.Tanh, lambda u: -np.ones_like(u)),
}

NEAR_MISSES = {
    "right": lambda: check_layer(nn.Tanh()),
    "right, by hand": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1 - a * a)),
    "its sign alone": lambda: given(nn.Tanh, np.sign),
    "its square": lambda: given(nn.Tanh, np.square),
    "twice": lambda: given(nn.Tanh, lambda u: 2 * u),
    "missing derivative": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: np.ones_like(z))),
    "not a layer": lambda: check_block(np.ones_like),
}


def given_one() -> Layer:
    """A layer of one unit: what it returns is a constant times the right gradient at each point, if of one sample."""

    class One(nn.Tanh):
        def backward(self, upstream: Array) -> Array:
            return np.asarray(super().backward(np.ones_like(upstream)))

    return One()


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())
