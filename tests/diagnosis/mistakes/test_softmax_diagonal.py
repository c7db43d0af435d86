"""GC306: the softmax as if it acted on every number alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "softmax-diagonal"


def softmax(kind: Any, formula: Any) -> Any:
    """Check a softmax whose backward pass is a formula of U and its output."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            a = self._kept(upstream)[-1]
            return np.asarray(formula(np.asarray(upstream), a))

    return of_layer(Mine())


HITS = {
    "softmax": lambda: softmax(nn.Softmax, lambda u, s: u * s * (1 - s)),
    "log-softmax": lambda: softmax(nn.LogSoftmax, lambda u, a: u * (1 - np.exp(a))),
    "with a sign": lambda: softmax(nn.Softmax, lambda u, s: -u * s * (1 - s)),
}

SILENT = {
    "right": lambda: of_layer(nn.Softmax()),
    "right log-softmax": lambda: of_layer(nn.LogSoftmax()),
    "whole, wrong sign": lambda: softmax(nn.Softmax, lambda u, s: -s * (u - (u * s).sum(-1, keepdims=True))),
    "U s": lambda: softmax(nn.Softmax, lambda u, s: u * s),
    "a sigmoid": lambda: of_layer(nn.Sigmoid()),
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
