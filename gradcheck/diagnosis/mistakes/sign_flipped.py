"""GC101 sign-flipped: the claimed gradient is −1 times the right one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import FactorMistake, Permutation, Variant, same_factor


class SignFlipped(FactorMistake):
    """A difference is taken in the wrong order, or the code ascends where it should descend."""

    code, slug = "GC101", "sign-flipped"
    description = "−1 times the right gradient"
    fix = "Check the order of differences (y − p instead of p − y), and whether the code ascends instead of descending."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the negative gradient, unless it is zero."""
        if context.claim[block].any():
            yield Permutation("", block, np.negative)

    def describe_factor(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Describe a factor of −1."""
        return self.description if same_factor(factor, -1.0, error) else None
