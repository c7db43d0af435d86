"""Parameters are not shrunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class WeightDecayMissing(RuleMistake):
    """No decay."""

    slug = "weight-decay-missing"
    term = "the weight decay"
    says = "parameters are not shrunk"
    fix = "Subtract η λ θ beside the step."
    needs = ("weight_decay",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Averaging) and scene.formula.decay != "none":
            yield Variant(replace(scene.formula, decay="none"))
