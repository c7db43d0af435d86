"""Steps are counted wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages


class StepCounter(RuleMistake):
    """t is not 1, 2, 3, … in the bias correction."""

    slug = "step-counter"
    term = "the step counter"
    says = "steps are counted wrongly"
    fix = "Count 1, 2, 3, …: once a step, before the correction, and not once a parameter."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """From 0, from 2, not at all, and once a parameter."""
        if not any(average.corrected is not None for _, _, average in averages(scene.formula)):
            return
        assert isinstance(scene.formula, Averaging)
        yield Variant(replace(scene.formula, counter=lambda step, track: step), "from 0")
        yield Variant(replace(scene.formula, counter=lambda step, track: step + 2), "from 2")
        yield Variant(replace(scene.formula, counter=lambda step, track: 1), "it stays at 1")
        if (blocks := len(scene.track.slices)) > 1:
            yield Variant(
                replace(scene.formula, counter=lambda step, track: step * blocks + track.block + 1), "once a parameter"
            )
