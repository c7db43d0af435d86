"""β₁ and β₂ are exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.rules.formula import Averaging
from gradcheck.rules.mistakes.mistake import RuleMistake, Scene, Variant


class BetasExchanged(RuleMistake):
    """Each average has the share of the other."""

    slug = "betas-exchanged"
    term = "β₁ and β₂"
    says = "β₁ and β₂ are exchanged"
    fix = "β₁ (0.9) belongs to the mean, β₂ (0.999) to the mean square."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        formula = scene.formula
        if isinstance(formula, Averaging) and formula.mean is not None and formula.square is not None:
            mean, square = formula.mean, formula.square
            yield Variant(
                replace(
                    formula,
                    mean=replace(mean, keep=square.keep, take=square.take),
                    square=replace(square, keep=mean.keep, take=mean.take),
                )
            )
