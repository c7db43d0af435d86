"""GC305 is named for a missing skip connection, inner path or branch, not for a path with a wrong factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_layer, slugs

SLUG = "missing-path"


class Residual(nn.Residual):
    """Multiplies the gradient around the inner layers and the gradient through them by a factor each."""

    around, through = 1.0, 1.0

    def backward(self, upstream: Array) -> Array:
        both = super().backward(upstream)
        return np.asarray(self.through * (both - upstream) + self.around * upstream)


def residual(around: float, through: float) -> Any:
    layer = Residual(nn.Dense(4, 4, rng=3), nn.Tanh())
    layer.around, layer.through = around, through
    return check_layer(layer)


class Branches(nn.Concatenate):
    """Leaves out the gradient of one branch."""

    without = 0

    def backward(self, upstream: Array) -> Array:
        axis, cuts, _ = self._kept(upstream)
        parts = np.split(np.asarray(upstream), cuts, axis)
        back = [branch.backward(part) for branch, part in zip(self.branches, parts, strict=True)]
        return np.asarray(sum(b for i, b in enumerate(back) if i != self.without))


def branches(without: int) -> Any:
    layer = Branches([nn.Dense(4, 3, rng=3), nn.Dense(4, 2, rng=4)])
    layer.without = without
    return check_layer(layer, after=5)


WRONG = {
    "no skip connection": lambda: residual(0.0, 1.0),
    "no path through the layers": lambda: residual(1.0, 0.0),
    "first branch": lambda: branches(0),
    "second branch": lambda: branches(1),
}

NEAR_MISSES = {
    "right residual": lambda: residual(1.0, 1.0),
    "half of one path": lambda: residual(0.5, 1.0),
    "right branches": lambda: branches(7),
    "minus one path": lambda: residual(-1.0, 1.0),
    "a plain dense layer": lambda: check_layer(nn.Dense(4, 4, rng=3)),
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
