"""β₁ and β₂ are exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, with_term


class BetasExchanged(RuleMistake):
    """Each average has the decay of the other."""

    slug = "betas-exchanged"
    term = "β₁ and β₂"
    summary = "β₁ and β₂ are exchanged"
    fix = "β₁ (0.9) belongs to the mean, β₂ (0.999) to the mean square."
    needs = ("beta1", "beta2")

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """In the averages and their corrections, and in the averages alone."""
        formula = context.formula
        if not isinstance(formula, AveragingRule) or formula.mean is None or formula.square is None:
            return
        mean, square = formula.mean, formula.square
        averages = replace(
            formula,
            mean=replace(mean, decay=square.decay, input_weight=square.input_weight),
            square=replace(square, decay=mean.decay, input_weight=mean.input_weight),
        )
        corrections = with_term(
            with_term(averages, "mean", correction=square.correction), "square", correction=mean.correction
        )
        yield Variant(corrections)
        yield Variant(averages, "in the averages, not in the bias corrections")
