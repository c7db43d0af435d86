"""GC403 regulariser-extra: the gradient includes a penalty that the loss does not."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Variant
from gradcheck.diagnosis.mistakes.penalties import penalty_terms, with_strength


class RegulariserExtra(Mistake):
    """The claimed gradient is g + λ w or g + λ sign(w)."""

    code, slug = "GC403", "regulariser-extra"
    description = "the gradient includes a penalty that the loss does not"
    fix = "Remove the derivative of the penalty from the gradient, or add the penalty to the loss."
    allows_factor = True  # the factor is the strength λ

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the derivatives of both penalties, added."""
        return penalty_terms(context, block, sign=1)

    def message(self, detail: str, factor: float) -> str:
        """Describe the penalty, with its strength."""
        return with_strength(self.description, detail, factor)
