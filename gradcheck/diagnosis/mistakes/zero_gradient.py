"""GC104: zero where it should not be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant


class ZeroGradient(Mistake):
    """A forgotten or detached block."""

    code, slug = "GC104", "zero-gradient"
    says = "zero, and the loss does depend on this block"
    fix = "Compute the gradient of this block and write it into what is returned: it was forgotten, or detached."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Zeros."""
        yield Known("", np.zeros_like(scene.claim[block]))
