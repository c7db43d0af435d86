"""GC301: f′(z) is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes._samples import by_output
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant, Weighted

Array = NDArray[Any]


class MissingActivationDerivative(Mistake):
    """U where it should be U f′(z)."""

    code, slug = "GC301", "missing-activation-derivative"
    says = "without the factor f′(z)"
    fix = "Multiply by the derivative of the activation: delta = upstream * f_prime(z)."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """The upstream gradient as it came."""
        layer = scene.activation(block)
        if layer is not None:
            yield Known("", layer.upstream)
        if scene.view is None:
            for name, weights in by_output().items():
                yield Weighted(name, partial(_inverse, weights))


def _inverse(weights: Callable[[Array], Array], losses: Array) -> Array:
    return 1 / weights(losses)
