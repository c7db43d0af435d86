"""The rate is applied twice, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class RatePower(RuleMistake):
    """The step is multiplied by another power of the rate."""

    slug = "rate-power"
    term = "the rate"
    says = "the rate is not applied once"
    fix = "Multiply by the rate once: in the velocity, or in the step."
    needs = ("rate",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Twice, and not at all."""
        if isinstance(scene.formula, Averaging):
            yield Variant(replace(scene.formula, factor=lambda numbers: numbers["rate"] ** 2), "but twice")
            yield Variant(replace(scene.formula, factor=lambda numbers: 1.0), "but not at all")
