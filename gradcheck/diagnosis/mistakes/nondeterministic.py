"""GC503: different at each call."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import Manner


class Nondeterministic(Manner):
    """Different at each call."""

    code, slug = "GC503", "nondeterministic"
    says = "the loss is not the same at each call"
    fix = (
        "Fix the random seed inside the loss (dropout, sampling, shuffling), and keep the gradient call "
        "from changing the loss."
    )
