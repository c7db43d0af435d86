"""GC302: f′(z) once too often, in a layer, before logits, and in a model that shows no layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.app.examples.xor import BATCH, AnswerNetwork, QuestionNetwork
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, network, of_layer, slugs

SLUG = "extra-activation-derivative"


def with_backward(kind: Any, formula: Any, **options: Any) -> nn.Layer:
    """An activation whose backward pass is U times a formula of z and a."""

    class Mine(kind):  # type: ignore[misc]
        def backward(self, upstream: Array) -> Array:
            z, a = self._kept(upstream)
            return np.asarray(upstream * formula(z, a))

    return Mine(**options)


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


HITS = {
    "sigmoid": lambda: of_layer(with_backward(nn.Sigmoid, lambda z, a: (a * (1 - a)) ** 2)),
    "tanh": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: (1 - a * a) ** 2)),
    "logits": lambda: logits(Twice()),
    "model at its own start": lambda: xor(AnswerNetwork, 0.01),
    "model at scale 1": lambda: xor(AnswerNetwork, 1.0),
    "another start": lambda: xor(AnswerNetwork, 0.01, 5),
}

SILENT = {
    "right layer": lambda: of_layer(nn.Sigmoid()),
    "right logits": lambda: logits(nn.BinaryCrossEntropyWithLogits()),
    "right model": lambda: xor(QuestionNetwork, 0.01),
    "right model at scale 1": lambda: xor(QuestionNetwork, 1.0),
    "cubed": lambda: of_layer(with_backward(nn.Tanh, lambda z, a: (1 - a * a) ** 3)),
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


def test_a_constant_of_a_quarter_is_not_what_it_is() -> None:
    """At its own start σ′ is 0.24999 for every sample; at a generic point it is not."""
    for seed in range(6):
        report = xor(AnswerNetwork, 0.01, seed)
        assert slugs(report) == [SLUG]
        assert report.findings[0].where == "w1, b1, w2, b2"
