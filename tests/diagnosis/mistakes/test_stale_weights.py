"""GC308 is named for weights that are updated before the backward pass has finished using them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_layer, slugs

SLUG = "stale-weights"


class UpdatesInBackward(nn.Dense):
    """Updates its weights in the backward pass: before the gradient of the input is computed if `early`, else after."""

    rate, early = 0.1, True

    def backward(self, upstream: Array) -> Array:
        self.parameter_gradients(upstream)
        step = self.rate * self.grads["W"]
        if self.early:
            self.params["W"] -= step
            return np.asarray(np.asarray(upstream) @ self.params["W"].T)
        downstream = np.asarray(np.asarray(upstream) @ self.params["W"].T)
        self.params["W"] -= step
        return downstream


def updated(rate: float, early: bool = True) -> Any:
    layer = UpdatesInBackward(4, 4, rng=3)
    layer.rate, layer.early = rate, early
    return check_layer(layer)


WRONG = {
    "a small step": lambda: updated(0.05),
    "a large step": lambda: updated(0.5),
}

NEAR_MISSES = {
    "no step": lambda: updated(0.0),
    "updated when all is done": lambda: updated(0.1, early=False),
    "right": lambda: check_layer(nn.Dense(4, 4, rng=3)),
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
