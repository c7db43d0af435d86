"""The sign is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class SignFlipped(RuleMistake):
    """It goes up, not down."""

    slug = "sign-flipped"
    term = "the sign"
    says = "every change has the opposite sign"
    fix = "Subtract the step: θ ← θ − η g goes down, and θ + η g up."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        yield Variant(replace(scene.formula, sign=-scene.formula.sign))
