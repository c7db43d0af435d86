"""GC501: computed in a narrower type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Rounded, Variant


class LowPrecision(Mistake):
    """Right to about 1e-7, or 1e-3."""

    code, slug = "GC501", "low-precision"
    says = "right but for rounding: computed in a narrower type"
    fix = "Keep everything in float64: look for astype(float32), for arrays without a dtype, for a library's default."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Narrower types that hold every entry of the claim."""
        claim = scene.claim[block]
        for narrow in (np.float16, np.float32):
            if np.finfo(claim.dtype).nmant > np.finfo(narrow).nmant and claim.any():
                yield Rounded(np.dtype(narrow).name, np.dtype(narrow), block)
