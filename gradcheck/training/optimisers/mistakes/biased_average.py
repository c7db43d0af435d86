"""The weights of a running average do not sum to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.training.optimisers.formula import Average, Number, Numbers
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged, sums_to_one


class BiasedAverage(RuleMistake):
    """What enters has another weight than 1 − α, so that the average of a constant is not that constant."""

    slug = "biased-average"
    term = "the weights of the average"
    says = "the weights of an average do not sum to one"
    fix = "Give what enters the weight 1 − α, where α is kept."
    needs = ("rate",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Of each average whose weights should: what enters has the weight 1, the weight α, or any other."""
        for field, name, average in averages(scene.formula):
            if not sums_to_one(average):
                continue
            for take in (lambda numbers: 1.0, average.keep):
                yield Variant(exchanged(scene.formula, field, take=take), reads=_reading(name, average, take))
            if field == "square":  # of the mean, any weight is another rate
                yield Variant(
                    exchanged(scene.formula, field, take=_weight),
                    free=("weight",),
                    reads=_reading(name, average, _weight),
                )


def _weight(numbers: Numbers) -> float:
    return numbers["weight"]


def _reading(name: str, average: Average, take: Number) -> Callable[[Numbers], str]:
    def read(numbers: Numbers) -> str:
        keep, enters = average.keep(numbers), take(numbers)
        total = enters / (1.0 - keep)
        return (
            f"{name}: {keep:.6g} is kept and {enters:.6g} of what is new enters, so that the weights of all steps sum "
            f"to {total:.6g}"
        )

    return read
