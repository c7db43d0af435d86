"""GC203 is named for a sum broadcast over an axis and for a sum over the wrong axis, not for other constant rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_block, check_layer, check_model, slugs

SLUG = "broadcast-not-summed"


class WrongAxis(nn.Dense):
    """Sums the gradient of the bias over the outputs; there are as many outputs as samples."""

    def backward(self, upstream: Array) -> Array:
        downstream = super().backward(upstream)
        self.grads["b"] = np.asarray(upstream).sum(axis=1)
        return downstream


WRONG = {
    "spread over a vector": lambda: check_block(lambda g: np.full_like(g, g.sum()), (6,)),
    "spread over rows": lambda: check_block(lambda g: np.tile(g.sum(0), (4, 1))),
    "spread over columns": lambda: check_block(lambda g: np.repeat(g.sum(1)[:, None], 5, 1)),
    "bias of a model": lambda: check_model(lambda g: g | {"b1": np.full(4, g["b1"].sum())}),
    "the wrong axis": lambda: check_layer(WrongAxis(4, 5, rng=3), after=5),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "ones": lambda: check_block(np.ones_like),
    "mean of a few": lambda: check_block(lambda g: np.concatenate([np.tile(g[:2].mean(0), (2, 1)), g[2:]])),
    "spread of something else": lambda: check_block(lambda g: np.tile((g**2).sum(0), (4, 1))),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())
