"""GC103: summed where the mean is taken, or averaged twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Moved, Scale, Variant, near

#: The powers of a count that occur, and what they suggest.
POWERS = {1: "summed where the loss takes the mean?", -1: "divided by it once too often?"}


class MeanSum(Scale):
    """Off by the batch size, or by another count in the shapes."""

    code, slug = "GC103", "mean-sum"
    says = "off by a count"
    fix = "Divide by the number of samples exactly once, where the loss does: in the loss's own derivative."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Times and over each count."""
        if scene.claim[block].any():
            for n in scene.subject.counts():
                for power in POWERS:
                    yield Moved(f"{n}^{power}", block, partial(np.multiply, float(n) ** power))

    def reads(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Is the factor a count, or one over it?"""
        for n, what in counts.items():
            for power, question in POWERS.items():
                if near(factor, float(n) ** power, error):
                    return f"{factor:.4g} times the right gradient. {what}: {question}"
        return None
