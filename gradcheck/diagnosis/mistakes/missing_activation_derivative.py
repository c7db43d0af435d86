"""GC301 missing-activation-derivative: the gradient lacks the factor f′(z) of an activation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, SampleWeights, Variant
from gradcheck.diagnosis.mistakes.sample_weights import OUTPUT_DERIVATIVES

Array = NDArray[Any]


class MissingActivationDerivative(Mistake):
    """U instead of U f′(z)."""

    code, slug = "GC301", "missing-activation-derivative"
    description = "the gradient lacks the factor f′(z), the derivative of the activation"
    fix = "Multiply by the derivative of the activation: delta = upstream * f_prime(z)."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield U at an activation, and 1/f′(z) as weight of each sample of a model whose batch can be split."""
        layer = context.activation(block)
        if layer is not None:
            yield ExactArray("", layer.upstream)
        if context.view is None:
            for name, weights in OUTPUT_DERIVATIVES.items():
                yield SampleWeights(name, partial(_reciprocal, weights))


def _reciprocal(weights: Callable[[Array], Array], losses: Array) -> Array:
    return 1 / weights(losses)
