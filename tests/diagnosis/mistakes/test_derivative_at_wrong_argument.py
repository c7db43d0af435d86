"""GC303 is named for f′ at a or at another layer's input, and for a formula in a that is given z."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, check_layer, slugs, with_backward

SLUG = "derivative-at-wrong-argument"


WRONG = {
    "tanh at a": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1 - np.tanh(a) ** 2)),
    "sigmoid at a": lambda: check_layer(with_backward(nn.Sigmoid, lambda z, a: np.exp(-a) / (1 + np.exp(-a)) ** 2)),
    "z(1 − z)": lambda: check_layer(with_backward(nn.Sigmoid, lambda z, a: z * (1 - z))),
    "1 − z²": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1 - z * z)),
    "with a sign": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: z * z - 1)),
}

NEAR_MISSES = {
    "right by a": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1 - a * a)),
    "right by z": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1 - np.tanh(z) ** 2)),
    "at half of z": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1 - np.tanh(z / 2) ** 2)),
    "another formula": lambda: check_layer(with_backward(nn.Sigmoid, lambda z, a: a)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_the_layer_is_located(check: Any) -> None:
    assert check().findings[0].where.startswith("layers.1")


def test_another_layers_input_is_named() -> None:
    class Second(nn.Tanh):
        other: Any = None

        def backward(self, upstream: Array) -> Array:
            return np.asarray(upstream * (1 - np.tanh(self.other) ** 2))

    second = Second()
    layers = [nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 4, rng=1), second, nn.Dense(4, 2, rng=2)]
    made = nn.Network(layers, nn.MeanSquaredError())
    X, y = batch(5)
    second.other = layers[0].forward(X)
    report = gradcheck.check_gradients(made, batch=(X, y), rng=0)
    assert slugs(report)[0] == SLUG
    assert report.findings[0].where.startswith("layers.3")
    assert "layers.1" in report.findings[0].message
