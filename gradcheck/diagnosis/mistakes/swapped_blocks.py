"""GC205 swapped-blocks: a block has the gradient of another block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Permutation, Variant

#: At most this many other blocks are tried, the nearest first: each needs its own directional derivatives.
OTHER_BLOCKS = 6


class SwappedBlocks(Mistake):
    """Two blocks with the same number of entries have each other's gradients."""

    code, slug = "GC205", "swapped-blocks"
    description = "the claimed gradient belongs to another block"
    fix = "Check the order in which gradients are returned, and the names under which they are stored."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradients of the nearest blocks with the same number of entries."""
        size, blocks = context.claim[block].size, context.subject.blocks
        others = [i for i, known in enumerate(blocks) if i != block and known.size == size > 0]
        for other in sorted(others, key=lambda i: abs(i - block))[:OTHER_BLOCKS]:
            yield Permutation(blocks[other].name, other, partial(_reshaped, context.claim[block].shape))


def _reshaped(shape: tuple[int, ...], array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(shape)
