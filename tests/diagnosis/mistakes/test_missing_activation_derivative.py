"""GC301: U where it should be U f′(z)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "missing-activation-derivative"


def with_backward(kind: Any, formula: Any, **options: Any) -> nn.Layer:
    """An activation whose backward pass is U times a formula of z and a."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            z, a = self._kept(upstream)
            return np.asarray(upstream * formula(z, a))

    return Mine(**options)


HITS = {
    "sigmoid": lambda: of_layer(with_backward(nn.Sigmoid, lambda z, a: 1.0)),
    "tanh": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1.0)),
    "relu": lambda: of_layer(with_backward(nn.ReLU, lambda z, a: 1.0)),
    "gelu": lambda: of_layer(with_backward(nn.GELU, lambda z, a: 1.0)),
    "softplus": lambda: of_layer(with_backward(nn.Softplus, lambda z, a: 1.0)),
    "with a sign": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: -1.0)),
}

SILENT = {
    "right": lambda: of_layer(nn.Tanh()),
    "half of f′": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 0.5 * (1 - a * a))),
    "squared f′": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: (1 - a * a) ** 2)),
    "f": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: a)),
    "a dense layer": lambda: of_layer(nn.Dense(4, 4, rng=3)),
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
