"""Nesterov's momentum without the look ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class LookAheadMissing(RuleMistake):
    """It is plain momentum."""

    slug = "look-ahead-missing"
    term = "the look ahead"
    says = "the step does not look ahead: it is plain momentum"
    fix = "Step along g + μ v, with v the new velocity."
    needs = ("momentum",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Averaging) and scene.formula.ahead:
            yield Variant(replace(scene.formula, ahead=False))
