"""A subject with one of its vectors cut into pieces, each a block of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from gradcheck.subjects.subject import Block, Point, Subject


class SplitSubject(Subject):
    """The same loss and the same claim, with a block of one axis cut at some places.

    Parameters
    ----------
    subject : Subject
        Its space has NumPy arrays.
    block : int
        Which block is cut: one with one axis.
    edges : sequence of int
        Where, from 0 to the length of the block, both included.

    Attributes
    ----------
    pieces : dict of tuple of int to int
        The first entry of each piece and the one behind its last, and the index of its block.
    """

    def __init__(self, subject: Subject, block: int, edges: Sequence[int]) -> None:
        self._subject, self._block, self._edges = subject, block, tuple(edges)
        self.name, self.place = subject.name, subject.place
        whole = subject.blocks[block]
        spans = list(itertools.pairwise(self._edges))
        cut = [Block(f"{whole.name}[{low}:{high}]", (high - low,), whole.dtype) for low, high in spans]
        self.blocks = (*subject.blocks[:block], *cut, *subject.blocks[block + 1 :])
        self.pieces = {span: block + i for i, span in enumerate(spans)}
        self.point = self._cut(subject.point)
        self.space = subject.space

    def loss(self, point: Point) -> float:
        """Loss of the whole vector."""
        return self._subject.loss(self._joined(point))

    def gradient(self, point: Point) -> Point:
        """The claim for the whole vector, cut."""
        return self._cut(self._subject.gradient(self._joined(point)))

    def representable(self, point: Point) -> Point:
        """The nearest point that the user's own types can represent."""
        return self._cut(self._subject.representable(self._joined(point)))

    @property
    def samples(self) -> int:
        """Samples of the whole."""
        return self._subject.samples

    def restricted(self, part: slice) -> Subject | None:
        """The whole with a slice of its samples, cut at the same places."""
        smaller = self._subject.restricted(part)
        return None if smaller is None else SplitSubject(smaller, self._block, self._edges)

    def counts(self) -> dict[int, str]:
        """Counts of the whole."""
        return self._subject.counts()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Session of the whole."""
        with self._subject.session():
            yield

    def _cut(self, point: Point) -> Point:
        whole = point[self._block]
        cut = [whole[low:high].copy() for low, high in itertools.pairwise(self._edges)]
        return (*point[: self._block], *cut, *point[self._block + 1 :])

    def _joined(self, point: Point) -> Point:
        end = self._block + len(self._edges) - 1
        return (*point[: self._block], np.concatenate(point[self._block : end]), *point[end:])
