"""The two weights of an average are exchanged."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import (
    MistakeContext,
    RuleMistake,
    Variant,
    averages,
    sums_to_one,
    with_term,
)


class WeightsExchanged(RuleMistake):
    """The previous value has the weight of the input."""

    slug = "weights-exchanged"
    term = "the weights of the average"
    summary = "the weights of an average are exchanged"
    fix = "Give the previous value the weight α and the input the weight 1 − α."
    needs = ("decay", "beta1", "beta2")

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Each average whose weights sum to one."""
        for field, name, average in averages(context.formula):
            if sums_to_one(average):
                yield Variant(
                    with_term(context.formula, field, decay=average.input_weight, input_weight=average.decay), name
                )
