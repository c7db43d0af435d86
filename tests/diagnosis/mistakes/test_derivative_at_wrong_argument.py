"""GC303: f′ of a, of another layer's input, or a formula in a that is given z."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, of_layer, slugs

SLUG = "derivative-at-wrong-argument"


def with_backward(kind: Any, formula: Any, **options: Any) -> nn.Layer:
    """An activation whose backward pass is U times a formula of z and a."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            z, a = self._kept(upstream)
            return np.asarray(upstream * formula(z, a))

    return Mine(**options)


HITS = {
    "tanh at a": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1 - np.tanh(a) ** 2)),
    "sigmoid at a": lambda: of_layer(with_backward(nn.Sigmoid, lambda z, a: np.exp(-a) / (1 + np.exp(-a)) ** 2)),
    "z(1 − z)": lambda: of_layer(with_backward(nn.Sigmoid, lambda z, a: z * (1 - z))),
    "1 − z²": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1 - z * z)),
    "with a sign": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: z * z - 1)),
}

SILENT = {
    "right by a": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1 - a * a)),
    "right by z": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1 - np.tanh(z) ** 2)),
    "at half of z": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1 - np.tanh(z / 2) ** 2)),
    "another formula": lambda: of_layer(with_backward(nn.Sigmoid, lambda z, a: a)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


@pytest.mark.parametrize("build", HITS.values(), ids=HITS)
def test_its_place_is_the_layer(build: Any) -> None:
    assert build().findings[0].where.startswith("layers.1")


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
