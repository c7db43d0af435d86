"""GC310 dropout-mask: the backward pass of dropout lacks the mask, the scale, or both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant, differs


class DropoutMask(Mistake):
    """U, U/(1 − rate) or U · mask, instead of U · mask/(1 − rate)."""

    code, slug = "GC310", "dropout-mask"
    description = "the backward pass of dropout lacks its mask or its scale"
    preferred_to_factor = True  # without its scale the gradient is 1 − rate times the right one
    fix = "Multiply by what the forward pass multiplied by, mask and scale: upstream * mask / (1 - rate)."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient without mask and scale, and without one of them."""
        layer = context.layer
        if layer is None or not context.is_input(block) or not layer.masked:
            return
        factor = layer.forward(np.ones_like(layer.x))
        if np.unique(factor).size > 2 or np.all(factor):
            return  # scales of features, say
        for detail, wrong in {
            "both are missing": np.ones_like(factor),
            "the mask is missing": np.full_like(factor, factor.max()),
            "the scale is missing": (factor != 0).astype(factor.dtype),
        }.items():
            if differs(wrong, factor):
                yield ExactArray(detail, layer.upstream * wrong)
