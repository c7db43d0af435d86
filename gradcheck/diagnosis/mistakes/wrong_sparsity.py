"""GC604 wrong-sparsity: a sparse Jacobian lacks entries that the map has."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class WrongSparsity(ObservedMistake):
    """The structure of the claimed matrix has no place for an entry that is not zero."""

    code, slug = "GC604", "wrong-sparsity"
    description = "the sparsity pattern lacks an entry that the map has"
    fix = "Add the entry to the pattern: list again which inputs each output reads, the first and last ones included."
