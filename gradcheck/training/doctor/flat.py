"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Block, Point

Array = NDArray[np.float64]


class Space:
    """Where the parameters of a subject live, one coordinate an entry.

    Parameters
    ----------
    blocks : sequence of Block

    Examples
    --------
    >>> import numpy as np
    >>> space = Space([Block("w", (2, 1), "float64"), Block("b", (1,), "float64")])
    >>> vector = space.vector((np.array([[1.0], [2.0]]), np.array([3.0])))
    >>> vector, space.part(vector, 0).shape
    (array([1., 2., 3.]), (2, 1))
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        ends = np.cumsum([block.size for block in self.blocks]).tolist()
        self.slices = tuple(slice(end - block.size, end) for end, block in zip(ends, self.blocks, strict=True))

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return self.slices[-1].stop if self.slices else 0

    def vector(self, point: Point) -> Array:
        """All entries in one vector of float64, a copy."""
        return np.concatenate([np.asarray(x, dtype=np.float64).ravel() for x in point])

    def point(self, vector: Array) -> Point:
        """One array a block, copies."""
        return tuple(self.part(vector, i).copy() for i in range(len(self.blocks)))

    def part(self, vector: Array, block: int) -> Array:
        """The entries of one block in its shape, a view."""
        return vector[self.slices[block]].reshape(self.blocks[block].shape)
