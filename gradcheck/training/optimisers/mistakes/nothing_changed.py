"""No parameter moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class NothingChanged(RuleMistake):
    """What is computed is dropped."""

    slug = "nothing-changed"
    term = "the assignment"
    says = "no parameter is changed"
    fix = (
        "Change the arrays in place (`w -= step`), or return the new ones: `w = w - step` makes a new array that only "
        "the function knows."
    )

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        yield Variant(replace(scene.formula, still=tuple(range(len(scene.track.slices)))))
