"""One number for all entries of a parameter."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged


class PooledSquare(RuleMistake):
    """The square is summed or averaged over the parameter."""

    slug = "pooled-square"
    term = "the mean square"
    says = "all entries of a parameter share one mean square"
    fix = "Keep one number an entry: no sum and no mean over the gradient."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Their mean, and their sum."""
        for field, _, average in averages(scene.formula):
            if field == "square" and average.pooled is None:
                yield Variant(exchanged(scene.formula, field, pooled="mean"), "that of the mean of g²")
                yield Variant(exchanged(scene.formula, field, pooled="sum"), "that of the sum of g²")
