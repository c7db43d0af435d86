"""GC206: off by one along an axis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mapped, Mistake, Moved, Variant, changes

Array = NDArray[Any]


class Shifted(Mistake):
    """Each entry has the gradient of its neighbour; the one that falls off comes in at the other end, or is lost."""

    code, slug = "GC206", "shifted"
    says = "off by one along an axis"
    fix = "Look at the bounds of slices and loops: [1:] where [:-1] is meant, t for t − 1, an index that starts at 1."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Each axis of three entries or more, in both directions, around the end or with zeros."""
        claim = scene.claim[block]
        for axis, n in enumerate(claim.shape):
            for by in (1, -1) if n > 2 else ():
                if changes(np.roll(claim, by, axis), claim):
                    around = partial(np.roll, shift=by, axis=axis)
                    yield Moved(f"axis {axis}, by {by:+d}, around the end", block, around)
                turn, back = (partial(_moved, by=step, axis=axis) for step in (by, -by))
                yield Mapped(f"axis {axis}, by {by:+d}", block, turn, back, partial(_empty, by=by, axis=axis))


def _edge(array: Array, by: int, axis: int) -> tuple[Any, ...]:
    """Where nothing comes from."""
    return (slice(None),) * axis + (0 if by > 0 else array.shape[axis] - 1,)


def _moved(g: Array, by: int, axis: int) -> Array:
    shifted = np.roll(g, by, axis)
    shifted[_edge(g, by, axis)] = 0
    return shifted


def _empty(claim: Array, by: int, axis: int) -> bool:
    return not claim[_edge(claim, by, axis)].any()
