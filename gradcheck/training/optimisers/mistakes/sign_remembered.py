"""The sign is kept after it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.resilient import Resilient


class SignRemembered(RuleMistake):
    """The next step changes Δ again."""

    slug = "sign-remembered"
    term = "what is remembered after a change of sign"
    says = "the sign is kept after a change, so that the next step changes Δ again"
    fix = "After a change of sign remember 0, so that Δ stays as it is in the next step."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Resilient) and scene.formula.after == "wait":
            yield Variant(replace(scene.formula, after="wait and keep"))
