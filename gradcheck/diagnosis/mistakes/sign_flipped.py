"""GC101: the sign is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Moved, Scale, Variant, near


class SignFlipped(Scale):
    """Minus the right gradient."""

    code, slug = "GC101", "sign-flipped"
    says = "−1 times the right gradient"
    fix = "Look for a difference taken the wrong way round (y − p for p − y), or an ascent where a descent was meant."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """One, unless the gradient is zero."""
        if scene.claim[block].any():
            yield Moved("", block, np.negative)

    def reads(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Is the factor −1?"""
        return self.says if near(factor, -1.0, error) else None
