"""GC301 is named for U instead of U f′(z), not for other wrong factors."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck import nn
from tests.diagnosis.mistakes.cases import check_layer, slugs, with_backward

SLUG = "missing-activation-derivative"


WRONG = {
    "sigmoid": lambda: check_layer(with_backward(nn.Sigmoid, lambda z, a: 1.0)),
    "tanh": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1.0)),
    "relu": lambda: check_layer(with_backward(nn.ReLU, lambda z, a: 1.0)),
    "gelu": lambda: check_layer(with_backward(nn.GELU, lambda z, a: 1.0)),
    "softplus": lambda: check_layer(with_backward(nn.Softplus, lambda z, a: 1.0)),
    "with a sign": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: -1.0)),
}

NEAR_MISSES = {
    "right": lambda: check_layer(nn.Tanh()),
    "half of f′": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 0.5 * (1 - a * a))),
    "squared f′": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: (1 - a * a) ** 2)),
    "f": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: a)),
    "a dense layer": lambda: check_layer(nn.Dense(4, 4, rng=3)),
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
