"""Parameters are shrunk although the rule does not do so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class WeightDecayExtra(RuleMistake):
    """There is a weight decay that the reference does not have."""

    slug = "weight-decay-extra"
    term = "the weight decay"
    summary = "parameters are shrunk as well"
    fix = "Remove the decay, or put the penalty into the loss, where it is checked with the gradient."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Through the gradient, and in addition to the step."""
        if isinstance(context.formula, AveragingRule) and context.formula.weight_decay == "none":
            yield Variant(
                replace(context.formula, weight_decay="coupled"),
                free=("weight_decay",),
                describe=lambda values: f"{values['weight_decay']:.6g} θ is added to the gradient",
            )
            yield Variant(
                replace(context.formula, weight_decay="decoupled"),
                free=("weight_decay",),
                describe=lambda values: f"by {values['weight_decay']:.6g} times the rate in each step",
            )
