"""GC502 not-finite: the claimed gradient is NaN or infinite while the loss is finite."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class NotFinite(ObservedMistake):
    """At least one entry of the claimed gradient is NaN or infinite."""

    code, slug = "GC502", "not-finite"
    description = "the claimed gradient is not finite"
    fix = "Look for a division by zero, an overflow, or a logarithm or square root at zero in the gradient."
