"""GC502: NaN or infinite."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import Manner


class NotFinite(Manner):
    """NaN or infinite."""

    code, slug = "GC502", "not-finite"
    says = "the claimed gradient is not finite"
    fix = "Look for a division by zero, an overflow, or a logarithm or square root at zero in the gradient."
