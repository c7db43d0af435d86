"""GC203 broadcast-not-summed: the gradient is summed over too many axes, or over the wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, LinearMap, Mistake, Variant, differs

Array = NDArray[Any]


class BroadcastNotSummed(Mistake):
    """The sum over the axes of a broadcast parameter is replaced by a sum over other axes."""

    code, slug = "GC203", "broadcast-not-summed"
    description = "the gradient is not summed over exactly those axes that the parameter was broadcast along"
    fix = "Sum over every axis that the parameter was broadcast along, and over no other: upstream.sum(axis=0) for b."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield sums along an axis of the block, broadcast over it; for a layer, sums of U that keep a wrong axis.

        A sum of U that equals the gradient of another block is left out: it belongs to that block.
        """
        claim = context.claim[block]
        for axis, n in enumerate(claim.shape):
            if n > 1:
                spread = partial(_summed_and_broadcast, axis=axis)
                constant_along = partial(_is_constant_along, axis=axis)
                yield LinearMap(f"summed over axis {axis} as well", block, spread, spread, constant_along)
        if context.layer is not None and not context.is_input(block) and claim.ndim == 1:
            upstream = context.layer.upstream
            for axis, n in enumerate(upstream.shape):
                summed_axes = tuple(a for a in range(upstream.ndim) if a != axis)
                if n == claim.size > 1 and summed_axes:
                    kept = upstream.sum(axis=summed_axes)
                    others = [g for b, g in enumerate(context.claim) if b != block and g.shape == kept.shape]
                    if all(differs(kept, other) for other in others):
                        yield ExactArray(f"only axis {axis} of the output is kept", kept)


def _summed_and_broadcast(g: Array, axis: int) -> Array:
    return np.broadcast_to(g.sum(axis=axis, keepdims=True), g.shape).astype(g.dtype)


def _is_constant_along(claim: Array, axis: int) -> bool:
    return not differs(np.broadcast_to(claim.mean(axis=axis, keepdims=True), claim.shape), claim)
