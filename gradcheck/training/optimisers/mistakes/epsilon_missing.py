"""There is no ε."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class EpsilonMissing(RuleMistake):
    """Division by √s alone."""

    slug = "epsilon-missing"
    term = "epsilon"
    says = "there is no ε"
    fix = "Add ε to the root: where all gradients so far are 0, the step is 0/0 without it."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Averaging) and scene.formula.square is not None:
            yield Variant(replace(scene.formula, epsilon="nowhere"))
