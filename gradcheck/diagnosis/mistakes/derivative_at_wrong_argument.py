"""GC303 derivative-at-wrong-argument: the derivative of the activation is evaluated at something other than z."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.elementwise import elementwise_derivative
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant, differs
from gradcheck.subjects.views import LayerView

Array = NDArray[Any]

#: A formula in a is a formula for f′ if it equals the numerical derivative within these tolerances. The numerical
#: derivative is more accurate than that, and formulas of other functions differ in the first digits.
FORMULA_RTOL, FORMULA_ATOL = 1e-7, 1e-9


class DerivativeAtWrongArgument(Mistake):
    """f′(a) instead of f′(z), a formula in a that is given z, or f′ at the input of another layer."""

    code, slug = "GC303", "derivative-at-wrong-argument"
    description = "the derivative of the activation is evaluated at the wrong argument"
    fix = "Pass z, the input of the activation, to f′. A formula in a = f(z), such as a(1 − a), takes a."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield U times each wrong factor that differs from f′(z)."""
        layer = context.activation(block)
        if layer is None:
            return
        right = elementwise_derivative(layer.forward, layer.x)
        for detail, factor in _wrong_factors(layer, right):
            if differs(layer.upstream * factor, layer.upstream * right):
                yield ExactArray(detail, layer.upstream * factor)


def _wrong_factors(layer: LayerView, right: Array) -> Iterator[tuple[str, Array]]:
    """Yield what may have been used in place of f′(z), with a name for it."""
    z, a = layer.x, layer.y
    yield "f′(a) instead of f′(z)", elementwise_derivative(layer.forward, a)
    for formula, of_output, of_input in (("a(1 − a)", a * (1 - a), z * (1 - z)), ("1 − a²", 1 - a * a, 1 - z * z)):
        if np.allclose(of_output, right, rtol=FORMULA_RTOL, atol=FORMULA_ATOL):
            yield f"the formula {formula} with z in place of a", of_input
    for name, other in layer.others.items():
        if other.shape == z.shape and other.dtype.kind == "f" and not np.array_equal(other, z):
            yield f"f′ at the input of {name}", elementwise_derivative(layer.forward, other)
