"""The decay passes through the averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class WeightDecayCoupled(RuleMistake):
    """λ θ is added to the gradient."""

    slug = "weight-decay-coupled"
    term = "the weight decay"
    says = "the decay is added to the gradient, and passes through the averages"
    fix = "Subtract η λ θ beside the step; with λ θ in the gradient it is Adam with a penalty in the loss."
    needs = ("weight_decay",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Averaging) and scene.formula.decay == "decoupled":
            yield Variant(replace(scene.formula, decay="coupled"))
