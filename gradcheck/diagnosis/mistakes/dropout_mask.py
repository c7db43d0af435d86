"""GC310: without dropout's mask or scale."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant, changes


class DropoutMask(Mistake):
    """U, or U over what is kept, where it should be U times the mask over what is kept."""

    code, slug = "GC310", "dropout-mask"
    says = "without the mask of the dropout or its scale"
    particular = True
    fix = "Multiply by what the forward pass multiplied by, mask and scale: upstream * mask / (1 - rate)."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """The mask without the scale, the scale without the mask, and neither."""
        layer = scene.layer
        if layer is None or not scene.is_input(block) or not layer.masked:
            return
        factor = layer.forward(np.ones_like(layer.x))
        for detail, wrong in {
            "neither": np.ones_like(factor),
            "the scale, but no mask": np.full_like(factor, factor.max()),
            "the mask, but no scale": (factor != 0).astype(factor.dtype),
        }.items():
            if changes(wrong, factor):
                yield Known(detail, layer.upstream * wrong)
