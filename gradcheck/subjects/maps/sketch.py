"""A map along a few directions: for a derivative that has products with directions, and none with cotangents.

The parameters are the coordinates a of x0 + Σ aₖ vₖ, so that the claimed derivative with respect to aₖ is J vₖ. Each
direction moves one part of one input, which tells later where it is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.subject import Block, Point

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of one input, and the direction in which it moves.

    Attributes
    ----------
    block : int
    low, high : int
        Entries of the flat input.
    vector : ndarray
        One number for each of them.
    """

    block: int
    low: int
    high: int
    vector: NDArray[np.float64]


class SketchSubject(MapSubject):
    """A map restricted to a few directions through its point; made by `sketch_of`."""

    whole: MapSubject
    pieces: tuple[tuple[Piece, ...], ...]

    def moved(self, point: Point) -> Point:
        """The point of the whole map with these coordinates."""
        found = [np.array(x) for x in self.whole.point]
        for pieces, coordinates in zip(self.pieces, point, strict=True):
            for piece, a in zip(pieces, coordinates, strict=True):
                if a != 0.0:
                    found[piece.block].ravel()[piece.low : piece.high] += a * piece.vector
        return tuple(found)

    def representable(self, point: Point) -> Point:  # noqa: D102
        return point

    def outputs_at(self, point: Point) -> NDArray[np.float64]:  # noqa: D102
        return self.whole.outputs_at(self.moved(point))

    def gradient(self, point: Point) -> Point:  # noqa: D102
        there = self.whole.representable(self.moved(point))
        moving = self.cotangent != 0.0
        found = []
        if self.whole.claim.pulls:
            gradient = self.whole.with_cotangent(self.cotangent).gradient(there)
            return tuple(
                np.array([gradient[p.block].ravel()[p.low : p.high].astype(float) @ p.vector for p in pieces])
                for pieces in self.pieces
            )
        for pieces in self.pieces:
            products = [self.whole.product(there, self._vectors(piece)) for piece in pieces]
            found.append(np.array([self.cotangent[moving] @ product[moving] for product in products]))
        return tuple(found)

    def product(self, point: Point, vectors: Sequence[Array]) -> NDArray[np.float64]:  # noqa: D102
        there = self.whole.representable(self.moved(point))
        total = [np.zeros(x.shape) for x in self.whole.point]
        for pieces, coordinates in zip(self.pieces, vectors, strict=True):
            for piece, a in zip(pieces, coordinates, strict=True):
                total[piece.block].ravel()[piece.low : piece.high] += a * piece.vector
        return self.whole.product(there, total)

    def claimed_matrix(self, point: Point) -> Any:  # noqa: D102
        return None

    def _vectors(self, piece: Piece) -> list[Array]:
        found = [np.zeros(x.shape) for x in self.whole.point]
        found[piece.block].ravel()[piece.low : piece.high] = piece.vector
        return found


def sketch_of(whole: MapSubject, pieces: Sequence[Sequence[Piece]], blocks: Sequence[int]) -> SketchSubject:
    """The map along given directions.

    Parameters
    ----------
    whole : MapSubject
    pieces : sequence of sequence of Piece
        For each block of the sketch.
    blocks : sequence of int
        Which input of the whole map each of these blocks is about: they have its name.
    """
    found = SketchSubject.__new__(SketchSubject)
    found.__dict__.update(whole.__dict__)
    found.whole = whole
    found.pieces = tuple(map(tuple, pieces))
    found.blocks = tuple(
        Block(whole.blocks[b].name, (len(some),), whole.blocks[b].dtype)
        for b, some in zip(blocks, found.pieces, strict=True)
    )
    found.point = tuple(np.zeros(len(some)) for some in found.pieces)
    return found


def pieces_of(whole: MapSubject, block: int, low: int, high: int, count: int, rng: np.random.Generator) -> list[Piece]:
    """Parts of an input, each with random signs and magnitudes on the scale of its typical size."""
    edges = np.unique(np.linspace(low, high, min(count, high - low) + 1).astype(int))
    x = whole.point[block].ravel()
    sizes = np.abs(x)
    some = sizes[sizes > 0]
    typical = np.maximum(sizes, float(np.median(some)) if some.size else 1.0)
    found = []
    for start, end in pairwise(edges.tolist()):
        random = rng.uniform(-1.0, 1.0, end - start)
        vector = typical[start:end] * np.copysign(0.5 + 0.5 * np.abs(random), random)
        if end - start == 1:
            vector = np.exp2(np.round(np.log2(typical[start:end])))
        found.append(Piece(block, int(start), int(end), vector))
    return found
