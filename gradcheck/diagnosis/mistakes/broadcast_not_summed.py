"""GC203: summed over the wrong axis, or over one too many."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Known, Mapped, Mistake, Variant, changes

Array = NDArray[Any]


class BroadcastNotSummed(Mistake):
    """Not summed over a broadcast axis, or summed over the wrong one."""

    code, slug = "GC203", "broadcast-not-summed"
    says = "not summed over the axes that the parameter was broadcast along"
    fix = "Sum over every axis that the parameter was broadcast along, and over no other: upstream.sum(axis=0) for b."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """A sum along an axis of the block, spread over it; for a layer, sums of U that leave another axis.

        Such a sum may be the gradient of another block; then it is no sum over the wrong axis.
        """
        claim = scene.claim[block]
        for axis, n in enumerate(claim.shape):
            if n > 1:
                spread = partial(_spread, axis=axis)
                yield Mapped(f"summed over axis {axis} as well", block, spread, spread, partial(_level, axis=axis))
        if scene.layer is not None and not scene.is_input(block) and claim.ndim == 1:
            upstream = scene.layer.upstream
            for axis, n in enumerate(upstream.shape):
                others = tuple(a for a in range(upstream.ndim) if a != axis)
                if n == claim.size > 1 and others:
                    left = upstream.sum(axis=others)
                    rest = [other for b, other in enumerate(scene.claim) if b != block and other.shape == left.shape]
                    if all(changes(left, other) for other in rest):
                        yield Known(f"what is left is axis {axis} of the output", left)


def _spread(g: Array, axis: int) -> Array:
    return np.broadcast_to(g.sum(axis=axis, keepdims=True), g.shape).astype(g.dtype)


def _level(claim: Array, axis: int) -> bool:
    return not changes(np.broadcast_to(claim.mean(axis=axis, keepdims=True), claim.shape), claim)
