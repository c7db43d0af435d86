"""All is forgotten at each call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages


class StateReset(RuleMistake):
    """Each step is a first step."""

    slug = "state-reset"
    term = "the memory"
    says = "all memory is lost at each call"
    fix = "Make the averages once, outside of the step."
    needs = ("momentum", "decay", "beta1", "beta2")

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One, and one with a counter that is forgotten as well."""
        yield Variant(replace(scene.formula, reset=True))
        if any(average.corrected is not None for _, _, average in averages(scene.formula)):
            assert isinstance(scene.formula, Averaging)
            yield Variant(replace(scene.formula, reset=True, counter=lambda step, track: 1), "that of the step as well")
