"""GC203: a sum spread over an axis, or one along the wrong axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_block, of_layer, of_model, slugs

SLUG = "broadcast-not-summed"


class WrongAxis(nn.Dense):
    """The bias's gradient is summed over the outputs, where there are as many as samples."""

    def backward(self, upstream: Array) -> Array:
        downstream = super().backward(upstream)
        self.grads["b"] = np.asarray(upstream).sum(axis=1)
        return downstream


HITS = {
    "spread over a vector": lambda: of_block(lambda g: np.full_like(g, g.sum()), (6,)),
    "spread over rows": lambda: of_block(lambda g: np.tile(g.sum(0), (4, 1))),
    "spread over columns": lambda: of_block(lambda g: np.repeat(g.sum(1)[:, None], 5, 1)),
    "bias of a model": lambda: of_model(lambda g: g | {"b1": np.full(4, g["b1"].sum())}),
    "the wrong axis": lambda: of_layer(WrongAxis(4, 5, rng=3), after=5),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "ones": lambda: of_block(np.ones_like),
    "mean of a few": lambda: of_block(lambda g: np.concatenate([np.tile(g[:2].mean(0), (2, 1)), g[2:]])),
    "spread of something else": lambda: of_block(lambda g: np.tile((g**2).sum(0), (4, 1))),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())
