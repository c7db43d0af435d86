"""GC404 is named for a clip in the loss alone, not for one in both or one that is never reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import batch, slugs

SLUG = "clip-mismatch"


def clipped(in_gradient: bool, low: float = 0.4, factor: float = 1.0) -> Any:
    """Check a network with a cross-entropy of clipped probabilities."""

    class Mine(nn.BinaryCrossEntropy):
        def _elements(self, prediction: Array, target: Array) -> Array:
            return super()._elements(prediction.clip(low, 1 - low), target)

        def _slopes(self, prediction: Array, target: Array, factor_: Array) -> Array:
            found = super()._slopes(prediction, target, factor_)
            inside = (prediction > low) & (prediction < 1 - low)
            return np.asarray(factor * (found * inside if in_gradient else found))

    X = batch(5)[0]
    y = (np.arange(10).reshape(5, 2) % 3 == 0).astype(float)
    layers = [nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 2, rng=1), nn.Sigmoid()]
    made = nn.Network(layers, Mine())
    for value in made.params.values():
        value += 0.4 * np.random.default_rng(7).normal(size=value.shape)
    return gradcheck.check_gradients(made, batch=(X, y), rng=0)


WRONG = {
    "clipped in the loss alone": lambda: clipped(in_gradient=False),
    "clipped less": lambda: clipped(in_gradient=False, low=0.3),
}

NEAR_MISSES = {
    "clipped in both": lambda: clipped(in_gradient=True),
    "a clip that is never reached": lambda: clipped(in_gradient=False, low=1e-9),
    "clipped in both, twice": lambda: clipped(in_gradient=True, factor=2.0),
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
