"""GC205: the gradient of another block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Moved, Variant

#: So many other blocks are looked at: each costs slopes of its own.
NEAREST = 6


class SwappedBlocks(Mistake):
    """Two blocks of one size have each other's gradients."""

    code, slug = "GC205", "swapped-blocks"
    says = "the gradient of another block"
    fix = "Look at the order in which gradients are returned, and at the names under which they are stored."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Other blocks of as many entries, the nearest ones."""
        size, blocks = scene.claim[block].size, scene.subject.blocks
        others = [i for i, known in enumerate(blocks) if i != block and known.size == size > 0]
        for other in sorted(others, key=lambda i: abs(i - block))[:NEAREST]:
            turn = partial(np.reshape, shape=scene.claim[block].shape)
            yield Moved(f"that of {blocks[other].name}", other, turn)
