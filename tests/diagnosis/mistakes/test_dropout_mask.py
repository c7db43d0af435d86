"""GC310 is named if the mask, the scale or both are missing, not for another mask or factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_layer, slugs

SLUG = "dropout-mask"


def dropout(formula: Any, seed: int = 1) -> Any:
    """Check a dropout whose backward pass is U times a formula of what the forward pass multiplied by."""

    class Mine(nn.Dropout):
        def backward(self, upstream: Array) -> Array:
            factor, _ = self._kept(upstream)
            return np.asarray(upstream * formula(factor))

    return check_layer(Mine(0.4, seed=seed), width=6)


class Scaled(nn.ReLU):
    """A layer that multiplies each feature with a scale of its own, and forgets it in the backward pass."""

    def forward(self, x: Array) -> Array:
        return np.asarray(x * np.linspace(0.5, 2.0, x.shape[1]))

    def backward(self, upstream: Array) -> Array:
        return np.array(upstream)


WRONG = {
    "neither": lambda: dropout(np.ones_like),
    "scale alone": lambda: dropout(lambda m: np.full_like(m, m.max())),
    "mask alone": lambda: dropout(lambda m: (m > 0) * 1.0),
    "another seed": lambda: dropout(np.ones_like, 4),
}

NEAR_MISSES = {
    "right": lambda: dropout(np.array),
    "another mask": lambda: dropout(lambda m: m[::-1]),
    "no mask, but a scale for each feature": lambda: check_layer(Scaled(), width=6),
    "half of it": lambda: dropout(lambda m: 0.5 * m),
    "no dropout": lambda: check_layer(nn.ReLU()),
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
