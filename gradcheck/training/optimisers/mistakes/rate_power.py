"""The rate is applied twice, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class RatePower(RuleMistake):
    """The step is multiplied by another power of the rate."""

    slug = "rate-power"
    term = "the rate"
    summary = "the rate is not applied once"
    fix = "Multiply by the rate once: in the velocity, or in the step."
    needs = ("rate",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Twice, and not at all."""
        if isinstance(context.formula, AveragingRule):
            yield Variant(replace(context.formula, step_size=lambda values: values["rate"] ** 2), "but twice")
            yield Variant(replace(context.formula, step_size=lambda values: 1.0), "but not at all")
