"""The velocity is an average of gradients."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged, sums_to_one


class AveragedVelocity(RuleMistake):
    """1 − μ before the gradient."""

    slug = "averaged-velocity"
    term = "the weight of the gradient"
    says = "the velocity averages gradients instead of summing them"
    fix = "Add the whole gradient, v ← μ v + g, or multiply the rate by 1/(1 − μ)."
    convention = "courses and libraries that call momentum a moving average; steps are 1 − μ times as long"
    needs = ("rate",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        for field, _, average in averages(scene.formula):
            if field == "mean" and "momentum" in scene.reference.numbers and not sums_to_one(average):
                yield Variant(exchanged(scene.formula, field, take=lambda numbers: 1.0 - numbers["momentum"]))
