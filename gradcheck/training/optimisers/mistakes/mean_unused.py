"""The step uses the gradient instead of its mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class MeanUnused(RuleMistake):
    """The mean is computed but not used."""

    slug = "mean-unused"
    term = "the numerator"
    summary = "the step uses the gradient instead of its mean"
    fix = "Step along the mean, m̂, not along g."
    needs = ("beta1",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant, for rules with a mean and a square."""
        formula = context.formula
        if isinstance(formula, AveragingRule) and formula.mean is not None and formula.square is not None:
            yield Variant(replace(formula, mean=None))
