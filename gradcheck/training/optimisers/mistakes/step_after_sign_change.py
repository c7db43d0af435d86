"""A step is taken where the sign of the gradient has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.resilient import Resilient


class StepAfterSignChange(RuleMistake):
    """It does not wait."""

    slug = "step-after-sign-change"
    term = "the step after a change of sign"
    says = "a parameter does not wait after its gradient has changed sign"
    fix = "After a change of sign leave the parameter where it is, and forget the sign."
    convention = "the other members of the family, Rprop⁺ and Rprop⁻"

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """On, with and without the sign; and back."""
        if isinstance(scene.formula, Resilient) and scene.formula.after == "wait":
            yield Variant(replace(scene.formula, after="go"), "it steps on, as Rprop⁻ does")
            yield Variant(replace(scene.formula, after="go and forget"), "it steps on, and the sign is forgotten")
            yield Variant(replace(scene.formula, after="back"), "it takes its last step back, as Rprop⁺ does")
