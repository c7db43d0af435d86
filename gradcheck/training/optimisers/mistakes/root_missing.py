"""The step is divided by the mean square, not by its root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class RootMissing(RuleMistake):
    """No root."""

    slug = "root-missing"
    term = "the root"
    says = "the root of the mean square is not taken"
    fix = "Divide by √s: the step then has the size of the rate, whatever the size of the gradient."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Averaging) and scene.formula.square is not None:
            yield Variant(replace(scene.formula, root=False))
