"""GC310: without the mask, without its scale, or without both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "dropout-mask"


def dropout(formula: Any, seed: int = 1) -> Any:
    """Check a dropout whose backward pass is U times a formula of what the forward pass multiplied by."""

    class Mine(nn.Dropout):
        def backward(self, upstream: Array) -> Array:
            factor, _ = self._kept(upstream)
            return np.asarray(upstream * formula(factor))

    return of_layer(Mine(0.4, seed=seed), width=6)


HITS = {
    "neither": lambda: dropout(np.ones_like),
    "scale alone": lambda: dropout(lambda m: np.full_like(m, m.max())),
    "mask alone": lambda: dropout(lambda m: (m > 0) * 1.0),
    "another seed": lambda: dropout(np.ones_like, 4),
}

SILENT = {
    "right": lambda: dropout(np.array),
    "another mask": lambda: dropout(lambda m: m[::-1]),
    "half of it": lambda: dropout(lambda m: 0.5 * m),
    "no dropout": lambda: of_layer(nn.ReLU()),
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
