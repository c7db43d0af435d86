"""GC304 is named for the derivative of another activation, not for that of no activation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from tests.diagnosis.mistakes.cases import check_layer, slugs, with_backward

SLUG = "wrong-activation-derivative"


WRONG = {
    "sigmoid's for tanh": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: nn.Sigmoid().derivative(z))),
    "relu's for gelu": lambda: check_layer(with_backward(nn.GELU, lambda z, a: (z > 0) * 1.0)),
    "tanh's for sigmoid": lambda: check_layer(with_backward(nn.Sigmoid, lambda z, a: 1 - np.tanh(z) ** 2)),
    "with a sign": lambda: check_layer(with_backward(nn.SiLU, lambda z, a: -(1 - np.tanh(z) ** 2))),
    "sigmoid's for softplus": lambda: check_layer(with_backward(nn.Softplus, lambda z, a: nn.Sigmoid().derivative(z))),
}

NEAR_MISSES = {
    "right": lambda: check_layer(nn.SiLU()),
    "one percent more": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1.01 * (1 - a * a))),
    "of no activation": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: np.cos(z))),
    "missing": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: 1.0)),
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


def test_the_other_activation_is_shown() -> None:
    (finding,) = check_layer(with_backward(nn.Tanh, lambda z, a: nn.Sigmoid().derivative(z))).findings
    assert "another activation is used (Sigmoid)" in finding.message
