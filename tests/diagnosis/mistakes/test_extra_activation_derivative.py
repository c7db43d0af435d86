"""GC302 is named for a second f′(z): in a layer, before logits, and in a model without visible layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.app.examples.xor import BATCH, AnswerNetwork, QuestionNetwork
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, check_layer, network, slugs, with_backward

SLUG = "extra-activation-derivative"


class Twice(nn.BinaryCrossEntropyWithLogits):
    """(p − y) σ′(z)."""

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        p = 1 / (1 + np.exp(-prediction))
        return super()._slopes(prediction, target, factor) * p * (1 - p)


def logits(loss: Any) -> Any:
    """Check a network with a loss of logits."""
    X = batch(5)[0]
    y = (np.arange(10).reshape(5, 2) % 3 == 0).astype(float)
    return gradcheck.check_gradients(network(nn.Tanh(), loss=loss), batch=(X, y), rng=0)


def xor(kind: Any, scale: float, seed: int = 0) -> Any:
    return gradcheck.check_gradients(kind(scale=scale, seed=seed), batch=BATCH, rng=seed)


WRONG = {
    "sigmoid": lambda: check_layer(with_backward(nn.Sigmoid, lambda z, a: (a * (1 - a)) ** 2)),
    "tanh": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: (1 - a * a) ** 2)),
    "logits": lambda: logits(Twice()),
    "model with its own initial weights": lambda: xor(AnswerNetwork, 0.01),
    "model at scale 1": lambda: xor(AnswerNetwork, 1.0),
    "other initial weights": lambda: xor(AnswerNetwork, 0.01, 5),
}

NEAR_MISSES = {
    "right layer": lambda: check_layer(nn.Sigmoid()),
    "right logits": lambda: logits(nn.BinaryCrossEntropyWithLogits()),
    "right model": lambda: xor(QuestionNetwork, 0.01),
    "right model at scale 1": lambda: xor(QuestionNetwork, 1.0),
    "cubed": lambda: check_layer(with_backward(nn.Tanh, lambda z, a: (1 - a * a) ** 3)),
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


def test_it_is_not_named_a_constant_of_a_quarter() -> None:
    """With the initial weights σ′ is 0.24999 for every sample; at a generic point it varies."""
    for seed in range(6):
        report = xor(AnswerNetwork, 0.01, seed)
        assert slugs(report) == [SLUG]
        assert report.findings[0].where == "w1, b1, w2, b2"
