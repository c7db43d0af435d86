"""GC305 missing-path: a value is used more than once, and the gradient of one of its uses is left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, OtherLoss, RightGradient, Variant
from gradcheck.nn import Concatenate, Residual


class MissingPath(Mistake):
    """A skip connection, the layers beside it, or one of several branches is left out of the backward pass."""

    code, slug = "GC305", "missing-path"
    description = "the gradient of one path through the layer is missing"
    fix = "Add the gradients of all paths: a value that is used twice gets the sum of both."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the path around the layers, the path through them, and each branch."""
        layer = context.layer
        if layer is None or not context.is_input(block):
            return
        if layer.x.shape == layer.y.shape and not layer.elementwise:
            yield RightGradient("the skip connection", context.claim[block] + layer.upstream)
        if isinstance(layer.layer, Residual) and layer.x.shape == layer.y.shape:
            yield ExactArray("the path through the inner layers", layer.upstream)
        if isinstance(layer.layer, Concatenate):
            branches = list(layer.layer.children().values())
            widths = [branch.forward(layer.x).shape[layer.layer.axis] for branch in branches]
            ends = np.cumsum(widths)
            for i, (width, end) in enumerate(zip(widths, ends, strict=True)):
                along = layer.upstream.swapaxes(layer.layer.axis, -1).copy()
                along[..., end - width : end] = 0
                upstream = along.swapaxes(layer.layer.axis, -1)
                yield OtherLoss(f"branch {i}", partial(layer.loss, upstream=upstream))
