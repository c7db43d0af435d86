"""GC306 is named for a softmax that is differentiated as an elementwise function, not for a sigmoid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_layer, slugs

SLUG = "softmax-diagonal"


def softmax(kind: Any, formula: Any) -> Any:
    """Check a softmax with a backward pass given by a formula of U and the output."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            a = self._kept(upstream)[-1]
            return np.asarray(formula(np.asarray(upstream), a))

    return check_layer(Mine())


WRONG = {
    "softmax": lambda: softmax(nn.Softmax, lambda u, s: u * s * (1 - s)),
    "log-softmax": lambda: softmax(nn.LogSoftmax, lambda u, a: u * (1 - np.exp(a))),
    "with a sign": lambda: softmax(nn.Softmax, lambda u, s: -u * s * (1 - s)),
}

NEAR_MISSES = {
    "right": lambda: check_layer(nn.Softmax()),
    "right log-softmax": lambda: check_layer(nn.LogSoftmax()),
    "whole, wrong sign": lambda: softmax(nn.Softmax, lambda u, s: -s * (u - (u * s).sum(-1, keepdims=True))),
    "U s": lambda: softmax(nn.Softmax, lambda u, s: u * s),
    "a sigmoid": lambda: check_layer(nn.Sigmoid()),
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
