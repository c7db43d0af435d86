"""What is checked: named blocks of parameters, a loss, and the gradient that somebody claims for it."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.subjects.spaces.space import Space
from gradcheck.subjects.views import View

#: The parameters (or the gradient) as a flat sequence of arrays, one a block.
Point = tuple[NDArray[Any], ...]


def copied(point: Point) -> Point:
    """A point in arrays of its own."""
    return tuple(x.copy() for x in point)


@dataclass(frozen=True, slots=True)
class Block:
    """One named array of parameters.

    Attributes
    ----------
    name : str
        The keys on the way to it, joined by dots.
    shape : tuple of int
    dtype : str
        Of the user's parameters.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __str__(self) -> str:
        return f"{self.name} {self.shape} {self.dtype}"


class Subject(abc.ABC):
    """A loss and the gradient claimed for it, over named blocks of parameters.

    Subclasses say how to evaluate both. Everything else in gradcheck sees parameters only as a `Point`. The arrays of a
    point that is passed to `loss` or `gradient` are handed over: nobody reads them afterwards, and the user's function
    may write into them.

    Attributes
    ----------
    name : str
        For the report.
    place : str
        Of a part: its keys in the whole, joined by dots.
    input_block : str or None
        Of a part: the name of the block that holds what the rest of the whole gives it.
    input_depends_on : tuple of str
        Of a part: names of the blocks of the whole that its input depends on.
    blocks : tuple of Block
    point : tuple of ndarray
        The parameters as they were given, one array a block, in the precision in which the loss is evaluated.
    space : Space
        What knows how to step, draw directions and take norms of the parameters; NumPy arrays by default.
    parallel : bool
        Whether it may be evaluated at several points at once.
    preparations : int
        Evaluations of the loss that reading it has taken.
    """

    name: str
    place: str = ""
    input_block: str | None = None
    input_depends_on: tuple[str, ...] = ()
    blocks: tuple[Block, ...]
    point: Point
    space: Space = NUMPY
    parallel: bool = False
    preparations: int = 0

    @abc.abstractmethod
    def loss(self, point: Point) -> float:
        """Loss at a point. Raises `SubjectError` if it is not one real number; may be NaN."""

    @abc.abstractmethod
    def gradient(self, point: Point) -> Point:
        """Gradient claimed at a point, one array a block, of the block's shape."""

    def representable(self, point: Point) -> Point:
        """The point nearest to this one that the user's own types can hold."""
        return point

    def parts(self) -> Iterator[Subject]:
        """Smaller subjects inside this one: layers, say."""
        return iter(())

    @property
    def samples(self) -> int:
        """How many samples the loss is taken over; 1 if it cannot be split."""
        return 1

    def restricted(self, part: slice) -> Subject | None:
        """The subject with part of its samples only, if it can be split. Lives within the same session."""
        return None

    def counts(self) -> dict[int, str]:
        """Numbers that a mean may divide by, each with a sentence that says what it counts."""
        return {}

    def view(self, point: Point) -> View | None:
        """What can be observed of a layer, or of a loss, if the subject is one."""
        return None

    @contextmanager
    def session(self) -> Iterator[None]:
        """Everything that evaluates the subject happens inside; on leaving it all is as it was before."""
        yield

    def remarks(self) -> dict[str, str]:
        """What evaluating it has shown about its manners: slug of a mistake to the evidence."""
        return {}

    def __repr__(self) -> str:
        entries = sum(block.size for block in self.blocks)
        return f"<Subject {self.name}: {len(self.blocks)} blocks, {entries} parameters>"
