"""GC309 stale-cache: the backward pass uses values cached by another call; a fresh copy of the layer is right."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, RightGradient, Variant


class StaleCache(Mistake):
    """The activations belong to another batch, or to an earlier call."""

    code, slug = "GC309", "stale-cache"
    description = "the backward pass uses values cached by another call"
    fix = "Write the cache in every forward pass, and read it in the backward pass that belongs to it."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient of a fresh copy of the layer; if it is right, earlier calls made the other one wrong."""
        layer = context.layer
        if layer is not None and layer.fresh:
            yield RightGradient("a fresh copy of the layer returns the right gradient", layer.fresh[block])
