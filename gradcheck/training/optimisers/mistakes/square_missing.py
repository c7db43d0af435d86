"""The mean square averages the gradient instead of its square."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages, with_term


class SquareMissing(RuleMistake):
    """The input of the mean square is not squared."""

    slug = "square-missing"
    term = "the square"
    summary = "the input of the mean square is not squared"
    fix = "Average g², so that its root has the size of a gradient."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The gradient itself, and its absolute value."""
        for field, _, average in averages(context.formula):
            if field == "square" and average.transform is np.square:
                yield Variant(with_term(context.formula, field, transform=np.asarray), "the input is g")
                yield Variant(with_term(context.formula, field, transform=np.abs), "the input is |g|")
