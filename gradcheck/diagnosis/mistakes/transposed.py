"""GC201 transposed: two axes of the gradient are exchanged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Permutation, Variant, differs

Array = NDArray[Any]

#: In longer vectors no matrices are looked for.
LONGEST_VECTOR = 10_000


class Transposed(Mistake):
    """A transpose; where the two axes differ in length, a transpose that is reshaped to fit."""

    code, slug = "GC201", "transposed"
    description = "two axes of the claimed gradient are exchanged"
    fix = "Transpose it: x.T @ upstream has the shape of W (inputs, outputs). Do not reshape where .T is meant."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield an exchange of each pair of axes that have more than one entry, and its inverse.

        A vector may hold a matrix: those of all shapes with its number of entries are tried.
        """
        claim = context.claim[block]
        if claim.ndim == 1:
            for rows in range(2, claim.size // 2 + 1) if claim.size <= LONGEST_VECTOR else ():
                if claim.size % rows == 0 and differs(_of_a_matrix(claim, rows), claim):
                    columns = claim.size // rows
                    yield Permutation(
                        f"of the {columns} × {rows} matrix in it", block, partial(_of_a_matrix, rows=rows)
                    )
        for axes in itertools.combinations([axis for axis, n in enumerate(claim.shape) if n > 1], 2):
            square = claim.shape[axes[0]] == claim.shape[axes[1]]
            for transform, (one, two) in ((_transposed_reshaped, axes), (_reshaped_transposed, axes[::-1])):
                is_inverse_too = square and transform is _reshaped_transposed
                if differs(transform(claim, axes=axes), claim) and not is_inverse_too:
                    yield Permutation(f"axes {one} and {two}", block, partial(transform, axes=axes))


def _of_a_matrix(g: Array, rows: int) -> Array:
    """Return the vector of the transpose of the matrix that a vector holds, as one of `rows` rows."""
    return g.reshape(-1, rows).T.ravel()


def _transposed_reshaped(g: Array, axes: tuple[int, int]) -> Array:
    """Return the entries of the transpose in the original shape."""
    return g.swapaxes(*axes).reshape(g.shape)


def _reshaped_transposed(g: Array, axes: tuple[int, int]) -> Array:
    """Return the transpose of the entries in the shape of the transpose: the inverse of the other function."""
    shape = list(g.shape)
    shape[axes[0]], shape[axes[1]] = shape[axes[1]], shape[axes[0]]
    return g.reshape(shape).swapaxes(*axes)
