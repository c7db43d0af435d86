"""Multiplication by a power of two is exact, and infinite or zero where no double is left."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest

from gradcheck.differences.powers import SUBNORMAL, times_power_of_two


def test_the_smallest_double() -> None:
    assert SUBNORMAL == 5e-324
    assert SUBNORMAL / 2 == 0.0


@pytest.mark.parametrize(
    ("value", "exponent"),
    [*itertools.product([1.0, -0.1, 3e300, -7e-300], [0, 3, -3, 20, -5]), (1e-310, 3), (1e-310, 20)],
)
def test_the_product_is_exact(value: float, exponent: int) -> None:
    assert Fraction(times_power_of_two(value, exponent)) == Fraction(value) * Fraction(2) ** exponent


@pytest.mark.parametrize(("value", "exponent"), [(3e300, -1000), (-0.7, 900), (1e-300, 996)])
def test_there_and_back_is_the_same_number(value: float, exponent: int) -> None:
    assert times_power_of_two(times_power_of_two(value, exponent), -exponent) == value


def test_what_is_too_large_is_infinite() -> None:
    assert times_power_of_two(1.0, 1024) == math.inf
    assert times_power_of_two(-1.0, 5000) == -math.inf
    assert times_power_of_two(1.0, 1023) == 2.0**1023


def test_what_is_too_small_is_zero_or_rounded() -> None:
    assert times_power_of_two(1.0, -1074) == SUBNORMAL
    assert times_power_of_two(1.0, -1080) == 0.0
    assert math.copysign(1.0, times_power_of_two(-1.0, -1080)) == -1.0


def test_what_is_no_number_stays_that() -> None:
    assert math.isnan(times_power_of_two(math.nan, 5))
    assert times_power_of_two(-math.inf, -2000) == -math.inf
    assert times_power_of_two(0.0, 5000) == 0.0
