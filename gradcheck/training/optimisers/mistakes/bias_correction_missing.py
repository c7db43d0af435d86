"""Averages that start at 0 are not corrected for it."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged


class BiasCorrectionMissing(RuleMistake):
    """No division by 1 − βᵗ."""

    slug = "bias-correction-missing"
    term = "the bias correction"
    says = "averages are not corrected for their start at 0"
    fix = "Divide m by 1 − β₁ᵗ and v by 1 − β₂ᵗ, with t = 1 at the first step."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Of both averages, and of each alone."""
        both, wrong = [], scene.formula
        for field, name, average in averages(scene.formula):
            if average.corrected is not None:
                both.append(Variant(exchanged(scene.formula, field, corrected=None), name))
                wrong = exchanged(wrong, field, corrected=None)
        if len(both) > 1:
            yield Variant(wrong)
        yield from both
