"""GC503 nondeterministic: the loss or the gradient differs from call to call at the same point."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class Nondeterministic(ObservedMistake):
    """Two calls of the loss, or of the gradient, at the same point differ."""

    code, slug = "GC503", "nondeterministic"
    description = "the loss or the gradient differs from call to call at the same point"
    fix = (
        "Fix the random seed inside the loss and the gradient (dropout, sampling, shuffling), let both use the same "
        "numbers, and make sure that computing the gradient does not change the loss."
    )
