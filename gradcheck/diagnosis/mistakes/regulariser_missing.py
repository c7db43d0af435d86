"""GC402: the penalty is in the loss, and not in its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Added, Mistake, Variant


class RegulariserMissing(Mistake):
    """Without λ w, or λ sign w."""

    code, slug = "GC402", "regulariser-missing"
    says = "without the penalty that the loss has"
    fix = "Add the derivative of the penalty: lam * w for lam/2 · Σ w², 2 * lam * w for lam · Σ w²."
    absorbs = True
    sign: ClassVar[int] = -1

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Squares and absolute values."""
        point = scene.point[block]
        if scene.view is None and point.any():
            yield Added("λ w", point, self.sign, block)
            if (np.abs(point) != np.abs(point).flat[0]).any():
                yield Added("λ sign(w)", np.sign(point), self.sign, block)

    def message(self, detail: str, factor: float) -> str:
        """With the strength of the penalty."""
        return f"{self.says}: {detail} with λ = {factor:.6g}"
