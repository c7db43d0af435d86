"""GC202: an axis runs backwards."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Moved, Variant, changes


class ReversedAxis(Mistake):
    """An unflipped convolution kernel, a reversed sequence."""

    code, slug = "GC202", "reversed-axis"
    says = "with an axis reversed"
    fix = "Flip it back, [::-1]: the gradient of a cross-correlation is one again, without a flip of the kernel."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Each axis, and all sets of axes."""
        claim = scene.claim[block]
        long = [axis for axis, n in enumerate(claim.shape) if n > 1]
        for count in range(1, len(long) + 1):
            for axes in itertools.combinations(long, count):
                if changes(np.flip(claim, axes), claim):
                    which = ("axis " if count == 1 else "axes ") + " and ".join(map(str, axes))
                    yield Moved(which, block, partial(np.flip, axis=axes))
