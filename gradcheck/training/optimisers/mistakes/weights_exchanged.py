"""What is kept has the weight of what enters."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged, sums_to_one


class WeightsExchanged(RuleMistake):
    """keep and 1 − keep change places."""

    slug = "weights-exchanged"
    term = "the weights of the average"
    says = "the weights of an average are exchanged"
    fix = "Keep α of the average and add 1 − α of what enters."
    needs = ("decay", "beta1", "beta2")

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Of each average whose weights sum to one."""
        for field, name, average in averages(scene.formula):
            if sums_to_one(average):
                yield Variant(exchanged(scene.formula, field, keep=average.take, take=average.keep), name)
