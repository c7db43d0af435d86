"""The step is Δ times the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.resilient import Resilient


class GradientForSign(RuleMistake):
    """The size of the gradient counts."""

    slug = "gradient-for-sign"
    term = "the sign of the gradient"
    says = "the step is Δ times the gradient, and not its sign"
    fix = "Step by Δ alone, in the direction of the sign."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Resilient):
            yield Variant(replace(scene.formula, scaled=True))
