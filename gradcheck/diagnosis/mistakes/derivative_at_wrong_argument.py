"""GC303: f′ at another number than z."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes._elementwise import slopes
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant, changes

Array = NDArray[Any]


class DerivativeAtWrongArgument(Mistake):
    """f′(a) for f′(z), a formula in a that is given z, or the z of another layer."""

    code, slug = "GC303", "derivative-at-wrong-argument"
    says = "with the activation's derivative at the wrong argument"
    fix = "f′ takes z, what went into the activation; a formula in a = f(z), such as a(1 − a), takes a."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """At the layer's own output, by the formula in a, and at the inputs of other layers."""
        layer = scene.activation(block)
        if layer is None:
            return
        right = slopes(layer.forward, layer.x)
        for detail, factor in self._factors(layer.forward, layer.x, layer.y, layer.others, right):
            if changes(layer.upstream * factor, layer.upstream * right):
                yield Known(detail, layer.upstream * factor)

    @staticmethod
    def _factors(forward: Any, z: Array, a: Array, others: dict[str, Array], right: Array) -> Iterator[Any]:
        yield "f′(a) for f′(z)", slopes(forward, a)
        for formula, of_output, of_input in (("a(1 − a)", a * (1 - a), z * (1 - z)), ("1 − a²", 1 - a * a, 1 - z * z)):
            if np.allclose(of_output, right, rtol=1e-7, atol=1e-9):
                yield f"the formula {formula} with z for a", of_input
        for name, other in others.items():
            if other.shape == z.shape and other.dtype.kind == "f" and not np.array_equal(other, z):
                yield f"f′ at the input of {name}", slopes(forward, other)
