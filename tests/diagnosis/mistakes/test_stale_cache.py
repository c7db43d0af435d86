"""GC309 is named for a cache that only the first call writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_layer, slugs

SLUG = "stale-cache"


def caching(every: bool) -> Any:
    """Check a tanh that writes its cache in every forward pass, or in the first one only."""

    class Mine(nn.Tanh):
        kept: Any = None

        def forward(self, x: Array) -> Array:
            y = super().forward(x)
            if self.kept is None or every:
                self.kept = np.array(y)
            return y

        def backward(self, upstream: Array) -> Array:
            return np.asarray(upstream * (1 - self.kept**2))

    return check_layer(Mine())


WRONG = {
    "once": lambda: caching(every=False),
}

NEAR_MISSES = {
    "each time": lambda: caching(every=True),
    "right": lambda: check_layer(nn.Tanh()),
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
