"""The step takes the gradient and not its mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class MeanUnused(RuleMistake):
    """The mean is computed and not used."""

    slug = "mean-unused"
    term = "the numerator"
    says = "the step takes the gradient in place of its mean"
    fix = "Step along the mean, m̂, not along g."
    needs = ("beta1",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One, where there is a mean and a square."""
        formula = scene.formula
        if isinstance(formula, Averaging) and formula.mean is not None and formula.square is not None:
            yield Variant(replace(formula, mean=None))
