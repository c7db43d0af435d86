"""GC103 mean-sum: the gradient is summed where the loss takes the mean, or is divided by the count once too often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import FactorMistake, Permutation, Variant, same_factor

#: A factor is a count if that is known so well: of a coarser one the counts beside it would be possible as well.
COUNT_KNOWN_WITHIN = 0.25

#: Power of the count n in the factor, and what it suggests.
CAUSES = {
    1: "the gradient is probably summed where the loss takes the mean",
    -1: "the gradient is probably divided by {n} once too often",
}


class MeanSum(FactorMistake):
    """The gradient is off by the batch size, or by another count in the shapes."""

    code, slug = "GC103", "mean-sum"
    description = "the claimed gradient is off by the batch size or another count"
    fix = (
        "Divide by the number of samples as often as the loss does, in the derivative of the loss: once for a mean, "
        "never for a sum."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient multiplied by each count, and divided by it."""
        if context.claim[block].any():
            for n in context.subject.counts():
                for power in CAUSES:
                    yield Permutation(f"{n}^{power}", block, partial(np.multiply, float(n) ** power))

    def describe_factor(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Describe a factor that is a count, or one over a count."""
        for n, what in counts.items():
            for power, cause in CAUSES.items():
                one_count = error * max(1.0, float(n) ** (1 - power)) < COUNT_KNOWN_WITHIN
                if one_count and same_factor(factor, float(n) ** power, error):
                    return f"{factor:.4g} times the right gradient. {what}: {cause.format(n=n)}"
        return None
