"""Layout of the parameter blocks in one flat vector, with conversions in both directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Block, Point

Array = NDArray[np.float64]


class ParameterLayout:
    """Position of each parameter block in a flat vector.

    Parameters
    ----------
    blocks : sequence of Block

    Examples
    --------
    >>> import numpy as np
    >>> layout = ParameterLayout([Block("w", (2, 1), "float64"), Block("b", (1,), "float64")])
    >>> vector = layout.vector((np.array([[1.0], [2.0]]), np.array([3.0])))
    >>> vector, layout.part(vector, 0).shape
    (array([1., 2., 3.]), (2, 1))
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        ends = np.cumsum([block.size for block in self.blocks]).tolist()
        self.slices = tuple(slice(end - block.size, end) for end, block in zip(ends, self.blocks, strict=True))

    @property
    def size(self) -> int:
        """Number of entries of all blocks."""
        return self.slices[-1].stop if self.slices else 0

    def vector(self, point: Point) -> Array:
        """Concatenate all entries into one float64 vector (a copy)."""
        return np.concatenate([np.asarray(x, dtype=np.float64).ravel() for x in point])

    def point(self, vector: Array) -> Point:
        """Split a vector into one array per block (copies)."""
        return tuple(self.part(vector, i).copy() for i in range(len(self.blocks)))

    def part(self, vector: Array, block: int) -> Array:
        """Entries of one block in its shape (a view)."""
        return vector[self.slices[block]].reshape(self.blocks[block].shape)
