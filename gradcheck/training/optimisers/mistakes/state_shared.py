"""All parameters share one memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class StateShared(RuleMistake):
    """One average for all."""

    slug = "state-shared"
    term = "the memory"
    says = "one memory serves all parameters"
    fix = "Keep the averages by parameter: a dict by name, or a list beside that of the parameters."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One, where all parameters have one shape."""
        if scene.track.alike:
            yield Variant(replace(scene.formula, shared=True))
