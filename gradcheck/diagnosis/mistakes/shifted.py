"""GC206 shifted: each entry has the gradient of its neighbour along an axis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import LinearMap, Mistake, Permutation, Variant, differs

Array = NDArray[Any]

#: The least length of an axis: a cyclic shift of two entries reverses them.
SHORTEST_AXIS = 3


class Shifted(Mistake):
    """The entry that is shifted out reappears at the other end (cyclic), or is lost and replaced by zero."""

    code, slug = "GC206", "shifted"
    description = "the claimed gradient is shifted by one along an axis"
    fix = (
        "Check the bounds of slices and loops: [1:] where [:-1] is meant, t where t − 1 is meant, or an index that "
        "starts at 1."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield shifts in both directions along each axis, cyclic and filled with zeros."""
        claim = context.claim[block]
        for axis, n in enumerate(claim.shape):
            for by in (1, -1) if n >= SHORTEST_AXIS else ():
                if differs(np.roll(claim, by, axis), claim):
                    cyclic = partial(np.roll, shift=by, axis=axis)
                    yield Permutation(f"axis {axis}, by {by:+d}, cyclic", block, cyclic)
                shift, back = (partial(_filled_with_zeros, by=step, axis=axis) for step in (by, -by))
                edge_is_zero = partial(_edge_is_zero, by=by, axis=axis)
                yield LinearMap(f"axis {axis}, by {by:+d}, filled with zeros", block, shift, back, edge_is_zero)


def _edge(array: Array, by: int, axis: int) -> tuple[Any, ...]:
    """Index of the entries that a shift fills."""
    return (slice(None),) * axis + (0 if by > 0 else array.shape[axis] - 1,)


def _filled_with_zeros(g: Array, by: int, axis: int) -> Array:
    shifted = np.roll(g, by, axis)
    shifted[_edge(g, by, axis)] = 0
    return shifted


def _edge_is_zero(claim: Array, by: int, axis: int) -> bool:
    return not claim[_edge(claim, by, axis)].any()
