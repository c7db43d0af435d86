"""GC309: with what another call left behind."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Right, Variant


class StaleCache(Mistake):
    """Activations of another batch or call."""

    code, slug = "GC309", "stale-cache"
    says = "computed with what was cached for another batch or call"
    fix = "Write the cache in every forward pass, and read it in the backward pass that belongs to it."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """What a copy that saw nothing else claims: that is right, and what is claimed here, or elsewhere, is not."""
        layer = scene.layer
        if layer is not None and layer.fresh:
            yield Right("a copy of the layer that saw no other input is right", layer.fresh[block])
