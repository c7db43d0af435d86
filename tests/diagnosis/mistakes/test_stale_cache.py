"""GC309: what the first call left behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "stale-cache"


def caching(every: bool) -> Any:
    """Check a tanh that writes its cache each time, or once."""

    class Mine(nn.Tanh):
        kept: Any = None

        def forward(self, x: Array) -> Array:
            y = super().forward(x)
            if self.kept is None or every:
                self.kept = np.array(y)
            return y

        def backward(self, upstream: Array) -> Array:
            return np.asarray(upstream * (1 - self.kept**2))

    return of_layer(Mine())


HITS = {
    "once": lambda: caching(every=False),
}

SILENT = {
    "each time": lambda: caching(every=True),
    "right": lambda: of_layer(nn.Tanh()),
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
