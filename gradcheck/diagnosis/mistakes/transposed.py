"""GC201: two axes are exchanged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Moved, Variant, changes

Array = NDArray[Any]


class Transposed(Mistake):
    """Two axes exchanged; where they differ in length, the entries are in the order of the transpose."""

    code, slug = "GC201", "transposed"
    says = "with two axes exchanged"
    fix = "Transpose: x.T @ upstream has the shape of W (inputs, outputs); and never reshape where .T is meant."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Each pair of axes of more than one entry."""
        claim = scene.claim[block]
        for axes in itertools.combinations([axis for axis, n in enumerate(claim.shape) if n > 1], 2):
            square = claim.shape[axes[0]] == claim.shape[axes[1]]
            for turn, (one, two) in ((_exchanged, axes), (_returned, axes[::-1])):
                if changes(turn(claim, axes=axes), claim) and not (square and turn is _returned):
                    yield Moved(f"axes {one} and {two}", block, partial(turn, axes=axes))


def _exchanged(g: Array, axes: tuple[int, int]) -> Array:
    """The entries of the transpose, one after the other, in the shape that there was."""
    return g.swapaxes(*axes).reshape(g.shape)


def _returned(g: Array, axes: tuple[int, int]) -> Array:
    """The inverse: read as if it had the transpose's shape, and transposed."""
    shape = list(g.shape)
    shape[axes[0]], shape[axes[1]] = shape[axes[1]], shape[axes[0]]
    return g.reshape(shape).swapaxes(*axes)
