"""The sweep over small shapes: a condition that few shapes meet is found, and said."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract
from gradcheck.testing.contract.sweep import condition, sweep


def test_all_small_shapes_are_tried_where_they_are_few() -> None:
    assert set(sweep(3)) == set(itertools.product(range(1, 9), repeat=3))
    assert set(sweep(2, least=2, max_size=3)) == set(itertools.product(range(2, 5), range(1, 4)))


@pytest.mark.parametrize("axes", [4, 5])
def test_every_pair_of_sizes_is_tried_where_they_are_many(axes: int) -> None:
    shapes = sweep(axes)
    assert len(shapes) <= 512
    for one, two in itertools.combinations(range(axes), 2):
        assert {(shape[one], shape[two]) for shape in shapes} == set(itertools.product(range(1, 9), repeat=2))


SQUARES = list(itertools.product(range(1, 5), repeat=2))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda s: s[1] % 2 == 0, "axis 1 is even"),
        (lambda s: s[0] == 1, "the number of samples is 1"),
        (lambda s: s[1] >= 3, "axis 1 is 3 or more"),
        (lambda s: s[0] == s[1], "axes 0 and 1 are equal"),
        (lambda s: s[0] % 2 == 1 and s[1] <= 2, "the number of samples is odd, and axis 1 is 2 or less"),
        (lambda s: sum(s) == 5, ""),
        (lambda s: True, ""),
    ],
)
def test_what_wrong_shapes_have_in_common_is_said(wrong: Any, said: str) -> None:
    bad = [shape for shape in SQUARES if wrong(shape)]
    found = condition(bad, [shape for shape in SQUARES if shape not in bad])
    words = found.replace("is 1 or less", "is 1")
    assert words == said


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
    rare = [shape for shape in sweep(3) if is_rare(shape)]
    assert len(rare) == 33
    with pytest.raises(AssertionError, match=r"33 of 512 small shapes are wrong: \(") as caught:
        OfSums().test_every_small_shape()
    first = min(rare, key=lambda shape: (math.prod(shape), shape))
    assert f"on a batch of shape {first}" in str(caught.value)


class Parity(RightSum):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return dx if self.shape[1] % 2 else 0.9 * dx


class OfParity(OfSums):
    max_size = 4

    def layer(self, shape: tuple[int, ...]) -> Any:
        return Parity()


class OfRight(OfSums):
    max_size = 4

    def layer(self, shape: tuple[int, ...]) -> Any:
        return RightSum()


def test_a_parity_is_found_and_said() -> None:
    with pytest.raises(AssertionError, match="They are those where axis 1 is even"):
        OfParity().test_every_small_shape()
    OfRight().test_every_small_shape()
