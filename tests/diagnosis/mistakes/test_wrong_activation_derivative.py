"""GC304: the derivative of another activation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "wrong-activation-derivative"


def with_backward(kind: Any, formula: Any, **options: Any) -> nn.Layer:
    """An activation whose backward pass is U times a formula of z and a."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            z, a = self._kept(upstream)
            return np.asarray(upstream * formula(z, a))

    return Mine(**options)


HITS = {
    "sigmoid's for tanh": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: nn.Sigmoid().derivative(z))),
    "relu's for gelu": lambda: of_layer(with_backward(nn.GELU, lambda z, a: (z > 0) * 1.0)),
    "tanh's for sigmoid": lambda: of_layer(with_backward(nn.Sigmoid, lambda z, a: 1 - np.tanh(z) ** 2)),
    "with a sign": lambda: of_layer(with_backward(nn.SiLU, lambda z, a: -(1 - np.tanh(z) ** 2))),
    "sigmoid's for softplus": lambda: of_layer(with_backward(nn.Softplus, lambda z, a: nn.Sigmoid().derivative(z))),
}

SILENT = {
    "right": lambda: of_layer(nn.SiLU()),
    "one percent more": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1.01 * (1 - a * a))),
    "of no activation": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: np.cos(z))),
    "missing": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: 1.0)),
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


def test_it_says_whose_it_is() -> None:
    (finding,) = of_layer(with_backward(nn.Tanh, lambda z, a: nn.Sigmoid().derivative(z))).findings
    assert "that of Sigmoid" in finding.message
