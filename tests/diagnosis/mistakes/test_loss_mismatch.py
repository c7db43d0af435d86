"""GC401 is named for the gradient of another loss, not for a multiple of the right one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, slugs

SLUG = "loss-mismatch"


def with_loss(kind: Any, formula: Any, targets: str = "numbers") -> Any:
    """Check a network whose loss has the derivative that a formula gives."""

    class Mine(kind):  # type: ignore[misc]
        def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
            right = super()._slopes(prediction, target, factor)
            return np.asarray(formula(prediction, target, factor, right))

    X, y = batch(5)
    layers: list[nn.Layer] = [nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 2, rng=1)]
    if targets == "labels":
        layers.append(nn.Sigmoid())
        y = (np.arange(10).reshape(5, 2) % 3 == 0).astype(float)
    made = nn.Network(layers, Mine())
    for value in made.params.values():
        value += 0.4 * np.random.default_rng(7).normal(size=value.shape)
    return gradcheck.check_gradients(made, batch=(X, y), rng=0)


WRONG = {
    "squared error for cross-entropy": lambda: with_loss(
        nn.BinaryCrossEntropy, lambda p, t, f, g: f * 2 * (p - t), "labels"
    ),
    "half the squared error": lambda: with_loss(nn.BinaryCrossEntropy, lambda p, t, f, g: f * (p - t), "labels"),
    "absolute for squared": lambda: with_loss(nn.MeanSquaredError, lambda p, t, f, g: f * np.sign(p - t)),
    "log cosh for squared": lambda: with_loss(nn.MeanSquaredError, lambda p, t, f, g: f * np.tanh(p - t)),
}

NEAR_MISSES = {
    "right": lambda: with_loss(nn.MeanSquaredError, lambda p, t, f, g: g),
    "twice": lambda: with_loss(nn.MeanSquaredError, lambda p, t, f, g: 2 * g),
    "minus": lambda: with_loss(nn.LogCosh, lambda p, t, f, g: -g),
    "of no loss": lambda: with_loss(nn.MeanSquaredError, lambda p, t, f, g: f * np.sin(p - t)),
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
def test_the_loss_is_located(check: Any) -> None:
    assert check().findings[0].where.startswith("loss")
