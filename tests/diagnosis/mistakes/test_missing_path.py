"""GC305: around, through, or one of two branches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import of_layer, slugs

SLUG = "missing-path"


class Residual(nn.Residual):
    """Hands the upstream gradient on by a share of each way."""

    around, through = 1.0, 1.0

    def backward(self, upstream: Array) -> Array:
        both = super().backward(upstream)
        return np.asarray(self.through * (both - upstream) + self.around * upstream)


def residual(around: float, through: float) -> Any:
    layer = Residual(nn.Dense(4, 4, rng=3), nn.Tanh())
    layer.around, layer.through = around, through
    return of_layer(layer)


class Branches(nn.Concatenate):
    """Leaves the gradient of a branch out."""

    without = 0

    def backward(self, upstream: Array) -> Array:
        axis, cuts, _ = self._kept(upstream)
        parts = np.split(np.asarray(upstream), cuts, axis)
        back = [branch.backward(part) for branch, part in zip(self.branches, parts, strict=True)]
        return np.asarray(sum(b for i, b in enumerate(back) if i != self.without))


def branches(without: int) -> Any:
    layer = Branches([nn.Dense(4, 3, rng=3), nn.Dense(4, 2, rng=4)])
    layer.without = without
    return of_layer(layer, after=5)


HITS = {
    "around": lambda: residual(0.0, 1.0),
    "through": lambda: residual(1.0, 0.0),
    "first branch": lambda: branches(0),
    "second branch": lambda: branches(1),
}

SILENT = {
    "right residual": lambda: residual(1.0, 1.0),
    "half of one way": lambda: residual(0.5, 1.0),
    "right branches": lambda: branches(7),
    "minus one way": lambda: residual(-1.0, 1.0),
    "a plain dense layer": lambda: of_layer(nn.Dense(4, 4, rng=3)),
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
