"""Averages are corrected for their start at 0 where the rule does not."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged, sums_to_one


class BiasCorrectionExtra(RuleMistake):
    """A division by 1 − αᵗ too many."""

    slug = "bias-correction-extra"
    term = "the bias correction"
    says = "an average is corrected for its start at 0"
    fix = "Leave the division out, or compare with Adam, which has it."
    convention = "centred or corrected variants of RMSProp"

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Of each average."""
        for field, name, average in averages(scene.formula):
            if average.corrected is None and sums_to_one(average):
                yield Variant(exchanged(scene.formula, field, corrected=average.keep), name)
