"""GC308 stale-weights: the backward pass updates parameters before it has finished using them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, OtherLoss, Variant, differs
from gradcheck.subjects.subject import Point


class StaleWeights(Mistake):
    """The gradient is computed with the parameters of the next step."""

    code, slug = "GC308", "stale-weights"
    description = "the backward pass uses weights that it has updated already"
    fix = "Finish the backward pass first, and update all parameters after it."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the loss with the parameters as they are after the backward pass, if it changes any."""
        layer = context.layer
        if layer is None or not any(differs(layer.after[name], old) for name, old in layer.parameters.items()):
            return

        def loss_after_update(point: Point) -> float:
            moved: list[Any] = [
                np.asarray(layer.after[b.name] + (x - context.point[i])) if b.name in layer.after else x
                for i, (b, x) in enumerate(zip(context.subject.blocks, point, strict=True))
            ]
            return layer.loss(tuple(moved), layer.upstream)

        yield OtherLoss("", loss_after_update)
