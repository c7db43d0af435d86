"""The velocity averages gradients instead of summing them."""

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


class AveragedVelocity(RuleMistake):
    """The gradient has the weight 1 − μ instead of 1."""

    slug = "averaged-velocity"
    term = "the weight of the gradient"
    summary = "the velocity averages gradients instead of summing them"
    fix = "Add the whole gradient, v ← μ v + g, or multiply the rate by 1/(1 − μ)."
    convention = "courses and libraries that define momentum as a moving average; steps are 1 − μ times as long"
    needs = ("rate",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant, for a velocity."""
        for field, _, average in averages(context.formula):
            if field == "mean" and "momentum" in context.reference.names and not sums_to_one(average):
                yield Variant(with_term(context.formula, field, input_weight=lambda values: 1.0 - values["momentum"]))
