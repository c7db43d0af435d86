"""The average is of the gradient, not of its square."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged


class SquareMissing(RuleMistake):
    """What enters the mean square is not squared."""

    slug = "square-missing"
    term = "the square"
    says = "what enters the mean square is not squared"
    fix = "Average g², so that its root has the size of a gradient."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """G itself, and its absolute value."""
        for field, _, average in averages(scene.formula):
            if field == "square" and average.of is np.square:
                yield Variant(exchanged(scene.formula, field, of=np.asarray), "g enters")
                yield Variant(exchanged(scene.formula, field, of=np.abs), "|g| enters")
