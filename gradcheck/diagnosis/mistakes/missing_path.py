"""GC305: one of the paths is missing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Right, Rival, Variant
from gradcheck.nn import Concatenate, Residual


class MissingPath(Mistake):
    """Where something is used twice, the gradients of both uses add up."""

    code, slug = "GC305", "missing-path"
    says = "without one of the paths"
    fix = "Add the gradients of all paths: a value that is used twice gets the sum of both."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Around a layer, through it, and through each branch."""
        layer = scene.layer
        if layer is None or not scene.is_input(block):
            return
        if layer.x.shape == layer.y.shape and not layer.elementwise:
            yield Right("the one around the layers", scene.claim[block] + layer.upstream)
        if isinstance(layer.layer, Residual) and layer.x.shape == layer.y.shape:
            yield Known("the one through the layers", layer.upstream)
        if isinstance(layer.layer, Concatenate):
            branches = list(layer.layer.children().values())
            widths = [branch.forward(layer.x).shape[layer.layer.axis] for branch in branches]
            ends = np.cumsum(widths)
            for i, (width, end) in enumerate(zip(widths, ends, strict=True)):
                along = layer.upstream.swapaxes(layer.layer.axis, -1).copy()
                along[..., end - width : end] = 0
                upstream = along.swapaxes(layer.layer.axis, -1)
                yield Rival(f"that of branch {i}", partial(layer.loss, upstream=upstream))
