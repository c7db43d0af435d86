"""The weight decay is not multiplied by the rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class WeightDecayUnscaled(RuleMistake):
    """λ θ is subtracted instead of η λ θ."""

    slug = "weight-decay-unscaled"
    term = "the weight decay"
    summary = "the decay is not multiplied by the rate"
    fix = "Subtract η λ θ, or divide λ by the rate."
    convention = "the paper of Loshchilov and Hutter, where λ is multiplied by the schedule alone"
    needs = ("weight_decay",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, AveragingRule) and context.formula.weight_decay == "decoupled":
            yield Variant(replace(context.formula, weight_decay="unscaled"))
