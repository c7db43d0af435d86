"""Parameters are not shrunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class WeightDecayMissing(RuleMistake):
    """There is no weight decay."""

    slug = "weight-decay-missing"
    term = "the weight decay"
    summary = "parameters are not shrunk"
    fix = "Subtract η λ θ in addition to the step."
    needs = ("weight_decay",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, AveragingRule) and context.formula.weight_decay != "none":
            yield Variant(replace(context.formula, weight_decay="none"))
