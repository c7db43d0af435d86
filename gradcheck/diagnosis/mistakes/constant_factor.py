"""GC102 constant-factor: the claimed gradient is a constant times the right one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import (
    EQUAL_WITHIN,
    FactorMistake,
    Permutation,
    Variant,
    digits_of,
    same_factor,
)

#: Factors used as variants: simple ones, one that is negative and one that is close to 1. A fit names any factor.
EXAMPLE_FACTORS = (2.0, 0.5, 3.0, -2.5, 1.1)

#: A factor is named if it is known to this part of itself, which is what slopes in float16 give at worst. That it is
#: the same at all entries is asked of the slopes, each on its own.
FACTOR_KNOWN_WITHIN = 0.25

#: And if it differs from 1 by so many of its errors: a gap that hardly exceeds the tolerance is no proof of a constant.
CLEARLY_NOT_ONE = 3.0

#: It is shown as a fraction too if it is known so well: near a coarser one there are many fractions.
FRACTION_KNOWN_WITHIN = 0.01

#: Factors are also shown as a fraction if its denominator is at most this. Larger ones are seldom meant.
LARGEST_DENOMINATOR = 12


class ConstantFactor(FactorMistake):
    """A factor is missing, or is applied twice."""

    code, slug = "GC102", "constant-factor"
    description = "a constant times the right gradient"
    fix = "Look for the factor in the loss (a square gives 2, a half cancels it), and for one that is applied twice."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield one for each example factor that is not a count of the shapes."""
        counts = context.subject.counts()
        if context.claim[block].any():
            for k in EXAMPLE_FACTORS:
                if not any(same_factor(abs(k), float(n) ** power, EQUAL_WITHIN) for n in counts for power in (1, -1)):
                    yield Permutation(f"{k:g}", block, partial(np.multiply, k))

    def describe_factor(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Describe any factor other than 1 that is known well enough."""
        if same_factor(factor, 1.0, CLEARLY_NOT_ONE * error) or error > FACTOR_KNOWN_WITHIN * abs(factor):
            return None
        simple = Fraction(factor).limit_denominator(LARGEST_DENOMINATOR)
        known = simple.denominator > 1 and error <= FRACTION_KNOWN_WITHIN * abs(factor)
        exact = simple != 0 and known and same_factor(factor, float(simple), error)
        return f"{digits_of(factor, error)} times the right gradient" + (f" ({simple})" if exact else "")
