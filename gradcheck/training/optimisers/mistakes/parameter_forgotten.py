"""Some parameters move and one does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class ParameterForgotten(RuleMistake):
    """A block is left out."""

    slug = "parameter-forgotten"
    term = "the list of parameters"
    says = "a parameter is never changed"
    fix = "Loop over all of the parameters."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Each block alone; none where there is one only."""
        if len(scene.track.slices) < 2:
            return
        for block, name in enumerate(scene.track.names):
            yield Variant(replace(scene.formula, still=(block,)), name)
