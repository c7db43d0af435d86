"""GC202 reversed-axis: the gradient is in reversed order along one or more axes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Permutation, Variant, differs


class ReversedAxis(Mistake):
    """A convolution kernel that is not flipped back, or a sequence stored in the order of the backward pass."""

    code, slug = "GC202", "reversed-axis"
    description = "the claimed gradient is in reversed order"
    fix = "Reverse the order with [::-1]. If both passes are cross-correlations, the kernel is never flipped."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield a flip of each axis, and of each set of axes."""
        claim = context.claim[block]
        long = [axis for axis, n in enumerate(claim.shape) if n > 1]
        for count in range(1, len(long) + 1):
            for axes in itertools.combinations(long, count):
                if differs(np.flip(claim, axes), claim):
                    names = ("axis " if count == 1 else "axes ") + " and ".join(map(str, axes))
                    yield Permutation(names, block, partial(np.flip, axis=axes))
