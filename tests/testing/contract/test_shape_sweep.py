"""The sweep over small shapes covers all shapes, or all pairs of sizes, and finds a rare condition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract
from gradcheck.testing.contract.shape_sweep import small_shapes


def test_all_small_shapes_are_tried_where_they_are_few() -> None:
    assert set(small_shapes(3)) == set(itertools.product(range(1, 9), repeat=3))
    assert set(small_shapes(2, min_samples=2, max_size=3)) == set(itertools.product(range(2, 5), range(1, 4)))


@pytest.mark.parametrize("axes", [4, 5])
def test_every_pair_of_sizes_is_tried_where_they_are_many(axes: int) -> None:
    shapes = small_shapes(axes)
    assert len(shapes) <= 512
    for one, two in itertools.combinations(range(axes), 2):
        assert {(shape[one], shape[two]) for shape in shapes} == set(itertools.product(range(1, 9), repeat=2))


class Rare:
    """Sums over time, whose gradient is wrong for 33 of the 512 smallest shapes."""

    def forward(self, x: Array) -> Any:
        self.shape = x.shape
        return x.sum(axis=1)

    def backward(self, upstream: Array) -> Any:
        dx = np.repeat(upstream[:, None, :], self.shape[1], axis=1)
        return 2 * dx if is_rare(self.shape) else dx


def is_rare(shape: tuple[int, ...]) -> bool:
    return math.prod(shape) % 23 == 2


class RightSum(Rare):
    def backward(self, upstream: Array) -> Any:
        return np.repeat(upstream[:, None, :], self.shape[1], axis=1)


class OfSums(LayerContract):
    axes = 2

    def layer(self, shape: tuple[int, ...]) -> Any:
        return Rare()


def test_a_condition_that_33_of_512_shapes_meet_is_found() -> None:
    rare = [shape for shape in small_shapes(3) if is_rare(shape)]
    assert len(rare) == 33
    with pytest.raises(AssertionError, match=r"33 of 512 small shapes are wrong: \(") as caught:
        OfSums().test_every_small_shape()
    first = min(rare, key=lambda shape: (math.prod(shape), shape))
    assert f"on a batch of shape {first}" in str(caught.value)
