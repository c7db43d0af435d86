"""GC504 mutates-input: the loss or the gradient modifies its arguments in place."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class MutatesInput(ObservedMistake):
    """The arguments differ after a call of the loss or of the gradient."""

    code, slug = "GC504", "mutates-input"
    description = "the code modifies its arguments in place"
    fix = "Work on a copy (x = x.copy()), or write x = x - step instead of x -= step."
