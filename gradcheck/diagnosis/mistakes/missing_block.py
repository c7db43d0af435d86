"""GC603 missing-block: a block of a Jacobian or a Hessian is zero."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class MissingBlock(ObservedMistake):
    """The derivative of some outputs with respect to some inputs was left out."""

    code, slug = "GC603", "missing-block"
    description = "a block of the derivative is claimed to be zero"
    fix = "Compute this block and store it: it was forgotten, or overwritten by zeros after it was filled."
