"""GC507 underflow: the gradient is zero because its type holds no number as small as the right values."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class Underflow(ObservedMistake):
    """Zero is the right value, rounded to the type of the claim: the formula may be right, but nothing is trained."""

    code, slug = "GC507", "underflow"
    description = "the claimed gradient underflows: its type holds no number as small as the right values"
    fix = (
        "Multiply the loss by a constant (loss scaling) and divide the update by it, use the logarithm of a product or "
        "likelihood as the loss, or compute the gradient in a wider type."
    )
