"""Parameters are shrunk where the rule does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class WeightDecayExtra(RuleMistake):
    """A decay that the rule has not."""

    slug = "weight-decay-extra"
    term = "the weight decay"
    says = "parameters are shrunk as well"
    fix = "Leave the decay out, or put the penalty into the loss, where it is checked with the gradient."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Through the gradient, and beside the step."""
        if isinstance(scene.formula, Averaging) and scene.formula.decay == "none":
            yield Variant(
                replace(scene.formula, decay="coupled"),
                free=("weight_decay",),
                reads=lambda numbers: f"{numbers['weight_decay']:.6g} θ is added to the gradient",
            )
            yield Variant(
                replace(scene.formula, decay="decoupled"),
                free=("weight_decay",),
                reads=lambda numbers: f"by {numbers['weight_decay']:.6g} times the rate at each step",
            )
