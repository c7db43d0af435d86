"""The weights of a running average do not sum to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.training.optimisers.formula import AverageTerm, HyperparameterFunction, Hyperparameters
from gradcheck.training.optimisers.mistakes.mistake import (
    MistakeContext,
    RuleMistake,
    Variant,
    averages,
    sums_to_one,
    with_term,
)


class BiasedAverage(RuleMistake):
    """The input has another weight than 1 − α, so the average of a constant is not that constant."""

    slug = "biased-average"
    term = "the weights of the average"
    summary = "the weights of an average do not sum to one"
    fix = "Give the input the weight 1 − α, if the previous value has the weight α."
    needs = ("rate",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """For each average whose weights should sum to one: the input has the weight 1, the weight α, or any other."""
        for field, name, average in averages(context.formula):
            if not sums_to_one(average):
                continue
            for weight in (lambda values: 1.0, average.decay):
                formula = with_term(context.formula, field, input_weight=weight)
                yield Variant(formula, describe=_describe(name, average, weight))
            if field == "square":  # another weight of the mean is another rate
                yield Variant(
                    with_term(context.formula, field, input_weight=_weight),
                    free=("weight",),
                    describe=_describe(name, average, _weight),
                )


def _weight(values: Hyperparameters) -> float:
    return values["weight"]


def _describe(name: str, average: AverageTerm, weight: HyperparameterFunction) -> Callable[[Hyperparameters], str]:
    def describe(values: Hyperparameters) -> str:
        decay, input_weight = average.decay(values), weight(values)
        total = input_weight / (1.0 - decay)
        return (
            f"{name}: the previous value has the weight {decay:.6g} and the input {input_weight:.6g}, so the weights "
            f"of all steps sum to {total:.6g}"
        )

    return describe
