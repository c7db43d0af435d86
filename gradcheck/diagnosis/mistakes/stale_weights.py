"""GC308: with weights that are updated already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Rival, Variant, changes
from gradcheck.subjects.subject import Point


class StaleWeights(Mistake):
    """The backward pass changes parameters before it has used them for the last time."""

    code, slug = "GC308", "stale-weights"
    says = "computed with weights already updated"
    fix = "Finish the backward pass first, and update all parameters after it."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """The loss with the parameters that the backward pass leaves behind."""
        layer = scene.layer
        if layer is None or not any(changes(layer.after[name], old) for name, old in layer.parameters.items()):
            return

        def loss(point: Point) -> float:
            moved: list[Any] = [
                np.asarray(layer.after[b.name] + (x - scene.point[i])) if b.name in layer.after else x
                for i, (b, x) in enumerate(zip(scene.subject.blocks, point, strict=True))
            ]
            return layer.loss(tuple(moved), layer.upstream)

        yield Rival("", loss)
