"""GC104 zero-gradient: the gradient of a block is zero although the loss depends on the block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant


class ZeroGradient(Mistake):
    """The gradient of the block was forgotten, or the block is detached from the backward pass."""

    code, slug = "GC104", "zero-gradient"
    description = "the claimed gradient is zero, but the loss depends on this block"
    fix = "Compute the gradient of this block and return it: it was forgotten, or detached from the backward pass."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield zeros."""
        yield ExactArray("", np.zeros_like(context.claim[block]))
