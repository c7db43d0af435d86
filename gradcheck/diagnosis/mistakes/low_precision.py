"""GC501 low-precision: the gradient is computed in a narrower type than the parameters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Rounded, Variant


class LowPrecision(Mistake):
    """The gradient is right to about 1e-7 (float32) or 1e-3 (float16)."""

    code, slug = "GC501", "low-precision"
    description = "the claimed gradient is rounded to a narrower type"
    fix = (
        "Compute in the type of the parameters: look for astype(float32), for arrays made without a dtype, and for a "
        "library whose default is float32."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the types that are narrower than that of the claimed gradient."""
        claim = context.claim[block]
        for narrow in (np.float16, np.float32):
            if np.finfo(claim.dtype).nmant > np.finfo(narrow).nmant and claim.any():
                yield Rounded(np.dtype(narrow).name, np.dtype(narrow), block)
