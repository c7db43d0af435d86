"""β₁ and β₂ are exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, exchanged


class BetasExchanged(RuleMistake):
    """Each average has the share of the other."""

    slug = "betas-exchanged"
    term = "β₁ and β₂"
    says = "β₁ and β₂ are exchanged"
    fix = "β₁ (0.9) belongs to the mean, β₂ (0.999) to the mean square."
    needs = ("beta1", "beta2")

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """In the averages and their corrections, and in the averages alone."""
        formula = scene.formula
        if not isinstance(formula, Averaging) or formula.mean is None or formula.square is None:
            return
        mean, square = formula.mean, formula.square
        averages = replace(
            formula,
            mean=replace(mean, keep=square.keep, take=square.take),
            square=replace(square, keep=mean.keep, take=mean.take),
        )
        corrections = exchanged(
            exchanged(averages, "mean", corrected=square.corrected), "square", corrected=mean.corrected
        )
        yield Variant(corrections)
        yield Variant(averages, "in the averages, not in the bias corrections")
