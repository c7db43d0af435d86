"""GC402 regulariser-missing: the loss includes a penalty that the gradient does not."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Variant
from gradcheck.diagnosis.mistakes.penalties import penalty_terms, with_strength


class RegulariserMissing(Mistake):
    """The claimed gradient is g − λ w or g − λ sign(w)."""

    code, slug = "GC402", "regulariser-missing"
    description = "the loss includes a penalty that the gradient does not"
    fix = "Add the derivative of the penalty: lam * w for lam/2 · Σ w², 2 * lam * w for lam · Σ w²."
    allows_factor = True  # the factor is the strength λ

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the derivatives of both penalties, subtracted."""
        return penalty_terms(context, block, sign=-1)

    def message(self, detail: str, factor: float) -> str:
        """Describe the penalty, with its strength."""
        return with_strength(self.description, detail, factor)
