"""GC605 not-conjugated: a transpose in the place of a conjugate transpose, or a gradient with a conjugate too many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Permutation, Variant


class NotConjugated(Mistake):
    """The imaginary parts have the wrong sign throughout."""

    code, slug = "GC605", "not-conjugated"
    description = "the claim is the conjugate of the derivative"
    fix = (
        "Conjugate once: the adjoint of A is A.conj().T, and the gradient of |z|² is 2z. Where the pull-back follows "
        "the convention of JAX on purpose, pass convention='jax' to check_vjp."
    )
    of_real = False

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the conjugate of the gradient with respect to complex parameters, where it is not real."""
        subject = context.subject
        if subject.blocks[block].name in subject.complex_blocks and context.claim[block][..., 1].any():
            yield Permutation("", block, conjugated)


def conjugated(pairs: NDArray[Any]) -> NDArray[Any]:
    """The conjugates of complex numbers that are pairs of real ones on the last axis."""
    return np.asarray(pairs * np.array([1, -1], dtype=pairs.dtype))
