"""Multiplication by powers of two, which is exact as long as the result is neither too large nor too small."""

from __future__ import annotations

import math

#: The smallest positive double.
SUBNORMAL = 2.0**-1074


def times_power_of_two(value: float, exponent: int) -> float:
    """A number times ``2**exponent``; infinite where that is too large."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.copysign(math.inf, value)
