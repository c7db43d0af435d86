"""GC205: the gradient of another block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.mistakes.mistake import Mistake, Moved, Variant
from gradcheck.scene import Scene


class SwappedBlocks(Mistake):
    """Two blocks of one size have each other's gradients."""

    code, slug = "GC205", "swapped-blocks"
    says = "the gradient of another block"
    fix = "Look at the order in which gradients are returned, and at the names under which they are stored."

    def variants(self, scene: Scene, block: int) -> Iterator[Variant]:
        """Each other block of as many entries."""
        for other, known in enumerate(scene.subject.blocks):
            if other != block and known.size == scene.claim[block].size > 0:
                turn = partial(np.reshape, shape=scene.claim[block].shape)
                yield Moved(f"that of {known.name}", other, turn)
