"""All entries of a parameter share one number."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages, with_term


class PooledSquare(RuleMistake):
    """The square is summed or averaged over the parameter."""

    slug = "pooled-square"
    term = "the mean square"
    summary = "all entries of a parameter share one mean square"
    fix = "Keep one number per entry: no sum or mean over the gradient."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Their mean, and their sum."""
        for field, _, average in averages(context.formula):
            if field == "square" and average.pooled is None:
                yield Variant(with_term(context.formula, field, pooled="mean"), "that of the mean of g²")
                yield Variant(with_term(context.formula, field, pooled="sum"), "that of the sum of g²")
