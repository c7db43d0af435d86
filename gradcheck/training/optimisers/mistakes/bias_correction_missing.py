"""Averages that start at 0 are not corrected for it."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages, with_term


class BiasCorrectionMissing(RuleMistake):
    """The division by 1 − βᵗ is missing."""

    slug = "bias-correction-missing"
    term = "the bias correction"
    summary = "averages are not corrected for their start at 0"
    fix = "Divide m by 1 − β₁ᵗ and v by 1 − β₂ᵗ, with t = 1 at the first step."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """For both averages, and for each alone."""
        both, wrong = [], context.formula
        for field, name, average in averages(context.formula):
            if average.correction is not None:
                both.append(Variant(with_term(context.formula, field, correction=None), name))
                wrong = with_term(wrong, field, correction=None)
        if len(both) > 1:
            yield Variant(wrong)
        yield from both
