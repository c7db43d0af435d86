"""Momentum that looks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class LookAheadExtra(RuleMistake):
    """It is Nesterov's."""

    slug = "look-ahead-extra"
    term = "the look ahead"
    says = "the step looks ahead: it is Nesterov's momentum"
    fix = "Step along the velocity v, or compare with Nesterov."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        formula = scene.formula
        if isinstance(formula, Averaging) and formula.mean is not None and formula.square is None and not formula.ahead:
            yield Variant(replace(formula, ahead=True))
