"""Δ has no bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.resilient import Resilient


class BoundsMissing(RuleMistake):
    """Steps grow and shrink without end."""

    slug = "bounds-missing"
    term = "the bounds of the step"
    says = "the step has no bounds"
    fix = "Keep Δ between its smallest and its largest value."
    needs = ("smallest", "largest")

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Resilient) and scene.formula.bounded:
            yield Variant(replace(scene.formula, bounded=False))
