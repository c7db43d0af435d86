"""GC503 nondeterministic: the loss returns different values at the same point."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class Nondeterministic(ObservedMistake):
    """Two calls of the loss at the same point differ."""

    code, slug = "GC503", "nondeterministic"
    description = "the loss returns different values at the same point"
    fix = (
        "Fix the random seed inside the loss (dropout, sampling, shuffling), and make sure that computing the gradient "
        "does not change the loss."
    )
