"""GC105 accumulated: each call adds its gradient to those of the calls before, because a buffer is not reset."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import EQUAL_WITHIN, Mistake, RightGradient, Variant

#: The growth from call to call is the same if two successive ones differ by at most this part. Sums of several
#: gradients lose some digits, so the limit is above round-off.
SAME_GROWTH_WITHIN = 1e-6


class Accumulated(Mistake):
    """The k-th call at one point returns k times the gradient, plus what the buffer held before."""

    code, slug = "GC105", "accumulated"
    description = "each call adds its gradient to those of the calls before"
    fix = "Set the gradient to zero before each backward pass, or assign it (=) instead of adding to it (+=)."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the growth between calls at the same point, if it is the same from call to call."""
        first, second, third = (gradient[block] for gradient in context.repeated)
        growth, next_growth = second - first, third - second
        size = np.abs(growth).max(initial=0.0)
        grows = size > EQUAL_WITHIN * np.abs(first).max(initial=0.0)
        if grows and np.abs(next_growth - growth).max() <= SAME_GROWTH_WITHIN * size:
            yield RightGradient("", growth)
