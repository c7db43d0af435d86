"""GC601 not-adjoint: a product with the Jacobian and one with its adjoint do not belong together."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class NotAdjoint(ObservedMistake):
    """⟨u, A v⟩ and ⟨A* u, v⟩ differ by more than rounding for random u and v."""

    code, slug = "GC601", "not-adjoint"
    description = "the two products are not adjoint to each other: ⟨u, A v⟩ differs from ⟨A* u, v⟩"
    fix = (
        "Derive the adjoint step by step in reverse order: each step becomes its own adjoint, a sum becomes a "
        "broadcast, a slice a scatter, a scale stays as it is."
    )
