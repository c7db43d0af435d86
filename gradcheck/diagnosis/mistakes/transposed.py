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


class Transposed(Mistake):
    """A transpose; where the two axes differ in length, a transpose that is reshaped to fit."""

    code, slug = "GC201", "transposed"
    description = "two axes of the claimed gradient are exchanged"
    fix = "Transpose it: x.T @ upstream has the shape of W (inputs, outputs). Do not reshape where .T is meant."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield an exchange of each pair of axes that have more than one entry, and its inverse."""
        claim = context.claim[block]
        for axes in itertools.combinations([axis for axis, n in enumerate(claim.shape) if n > 1], 2):
            square = claim.shape[axes[0]] == claim.shape[axes[1]]
            for transform, (one, two) in ((_transposed_reshaped, axes), (_reshaped_transposed, axes[::-1])):
                is_inverse_too = square and transform is _reshaped_transposed
                if differs(transform(claim, axes=axes), claim) and not is_inverse_too:
                    yield Permutation(f"axes {one} and {two}", block, partial(transform, axes=axes))


def _transposed_reshaped(g: Array, axes: tuple[int, int]) -> Array:
    """Return the entries of the transpose in the original shape."""
    return g.swapaxes(*axes).reshape(g.shape)


def _reshaped_transposed(g: Array, axes: tuple[int, int]) -> Array:
    """Return the transpose of the entries in the shape of the transpose: the inverse of the other function."""
    shape = list(g.shape)
    shape[axes[0]], shape[axes[1]] = shape[axes[1]], shape[axes[0]]
    return g.reshape(shape).swapaxes(*axes)
