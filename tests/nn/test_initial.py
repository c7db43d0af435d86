"""Initial weights have the standard deviations of the named rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.initial import normal

SHAPE = (400, 500)

#: Relative standard error of the standard deviation of so many normal numbers, times five.
TOLERANCE = 5 / math.sqrt(2 * math.prod(SHAPE))


@pytest.mark.parametrize(
    ("scale", "deviation"),
    [("glorot", math.sqrt(2 / 900)), ("he", math.sqrt(2 / 400)), ("lecun", math.sqrt(1 / 400)), (0.25, 0.25)],
)
def test_deviation_is_that_of_the_rule(scale: Any, deviation: float) -> None:
    weights = normal(SHAPE, 400, 500, scale=scale, rng=0)
    assert weights.std() == pytest.approx(deviation, rel=TOLERANCE)
    assert abs(weights.mean()) < TOLERANCE * deviation * 5


def test_the_seed_decides_and_the_type_is_kept() -> None:
    one, two = (normal((3, 2), 3, 2, scale="he", rng=7, dtype=np.float32) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float32
    assert not np.array_equal(one, normal((3, 2), 3, 2, scale="he", rng=8, dtype=np.float32))


def test_zero_is_a_scale() -> None:
    assert not normal((3, 2), 3, 2, scale=0, rng=0).any()


@pytest.mark.parametrize("scale", ["xavier", -0.1, math.nan, math.inf])
def test_other_scales_are_refused_with_the_rules(scale: Any) -> None:
    with pytest.raises(ValueError, match="scale must be one of glorot, he, lecun, or a standard deviation"):
        normal((3, 2), 3, 2, scale=scale, rng=0)
