"""Steps shrink where they should grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.resilient import Resilient


class FactorsExchanged(RuleMistake):
    """η⁺ and η⁻ change places."""

    slug = "factors-exchanged"
    term = "η⁺ and η⁻"
    says = "the step grows where it should shrink, and the other way round"
    fix = "Multiply by η⁺ > 1 while the sign stays, and by η⁻ < 1 when it changes."
    needs = ("shrink", "grow")

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Resilient):
            yield Variant(replace(scene.formula, grow=scene.formula.shrink, shrink=scene.formula.grow))
