"""GC605 not-conjugated: a transpose in the place of a conjugate transpose."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class NotConjugated(ObservedMistake):
    """The imaginary parts have the wrong sign throughout."""

    code, slug = "GC605", "not-conjugated"
    description = "the claim is the conjugate of the derivative"
    fix = (
        "Conjugate once: the adjoint of A is A.conj().T. Where the pull-back follows the convention of JAX on purpose, "
        "pass convention='jax'."
    )
