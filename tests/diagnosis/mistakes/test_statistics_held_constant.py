"""GC307: mean and variance as if they were constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "statistics-held-constant"


def batch_norm(mean: bool, variance: bool) -> Any:
    """Check a batch normalisation that leaves out the way through its mean, or its variance."""

    class Mine(nn.BatchNorm):
        def backward(self, upstream: Array) -> Array:
            super().backward(upstream)
            _, v, slope, _ = self._kept(upstream)
            h = self.params["gamma"] * upstream
            less = (h.mean(axis=0) if mean else 0) + (v * (h * v).mean(axis=0) if variance else 0)
            return np.asarray((h - less) * slope)

    return of_layer(Mine(4))


class LayerNorm(nn.LayerNorm):
    def backward(self, upstream: Array) -> Array:
        super().backward(upstream)
        _, slope, _ = self._kept(upstream)
        return np.asarray(self.params["gamma"] * upstream * slope)


class RMSNorm(nn.RMSNorm):
    def backward(self, upstream: Array) -> Array:
        super().backward(upstream)
        _, slope, _ = self._kept(upstream)
        return np.asarray(self.params["gamma"] * upstream * slope)


def in_use() -> Any:
    layer = nn.BatchNorm(4)
    layer.training = False
    return of_layer(layer)


HITS = {
    "both": lambda: batch_norm(False, False),
    "the mean": lambda: batch_norm(False, True),
    "the variance": lambda: batch_norm(True, False),
    "layer": lambda: of_layer(LayerNorm(4)),
    "root mean square": lambda: of_layer(RMSNorm(4)),
}

SILENT = {
    "right": lambda: batch_norm(True, True),
    "in use, where they are constants": lambda: in_use(),
    "right layer": lambda: of_layer(nn.LayerNorm(4)),
    "a dense layer": lambda: of_layer(nn.Dense(4, 4, rng=3)),
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
