"""An average starts at 0 at each call."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged


class AverageNotCarried(RuleMistake):
    """What was is forgotten."""

    slug = "average-not-carried"
    term = "the memory"
    says = "an average is not carried from step to step"
    fix = "Store the new average where the next call finds it."
    needs = ("momentum", "decay", "beta1", "beta2")

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Each average."""
        for field, name, average in averages(scene.formula):
            if average.carried:
                yield Variant(exchanged(scene.formula, field, carried=False), name)
