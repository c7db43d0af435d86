"""An average is corrected for its start at 0 although the rule does not do so."""

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


class BiasCorrectionExtra(RuleMistake):
    """An average is divided by 1 − αᵗ."""

    slug = "bias-correction-extra"
    term = "the bias correction"
    summary = "an average is corrected for its start at 0"
    fix = "Remove the division, or compare with Adam, which has it."
    convention = "centred or corrected variants of RMSProp"

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """For each average."""
        for field, name, average in averages(context.formula):
            if average.correction is None and sums_to_one(average):
                yield Variant(with_term(context.formula, field, correction=average.decay), name)
