"""GC308: weights that are updated before the backward pass is done with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "stale-weights"


class Hasty(nn.Dense):
    """Updates its weights, in one way or another, before it hands the gradient on."""

    rate, in_place = 0.1, True

    def backward(self, upstream: Array) -> Array:
        self.parameter_gradients(upstream)
        step = self.rate * self.grads["W"]
        if self.in_place:
            self.params["W"] -= step
            return np.asarray(np.asarray(upstream) @ self.params["W"].T)
        downstream = np.asarray(np.asarray(upstream) @ self.params["W"].T)
        self.params["W"] -= step
        return downstream


def hasty(rate: float, in_place: bool = True) -> Any:
    layer = Hasty(4, 4, rng=3)
    layer.rate, layer.in_place = rate, in_place
    return of_layer(layer)


HITS = {
    "a small step": lambda: hasty(0.05),
    "a large step": lambda: hasty(0.5),
}

SILENT = {
    "no step": lambda: hasty(0.0),
    "updated when all is done": lambda: hasty(0.1, in_place=False),
    "right": lambda: of_layer(nn.Dense(4, 4, rng=3)),
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
