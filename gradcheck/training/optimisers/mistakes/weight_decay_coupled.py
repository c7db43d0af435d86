"""The weight decay passes through the averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class WeightDecayCoupled(RuleMistake):
    """λ θ is added to the gradient."""

    slug = "weight-decay-coupled"
    term = "the weight decay"
    summary = "the decay is added to the gradient and passes through the averages"
    fix = "Subtract η λ θ in addition to the step. With λ θ in the gradient this is Adam with a penalty in the loss."
    needs = ("weight_decay",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, AveragingRule) and context.formula.weight_decay == "decoupled":
            yield Variant(replace(context.formula, weight_decay="coupled"))
