"""The subject of a check: named blocks of parameters, a loss, and the gradient claimed for it."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.powers import times_power_of_two
from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.subjects.spaces.space import Space
from gradcheck.subjects.views import View

#: Parameters or a gradient as a flat sequence of arrays, one for each block.
Point = tuple[NDArray[Any], ...]


def copied(point: Point) -> Point:
    """A copy of a point."""
    return tuple(x.copy() for x in point)


@dataclass(frozen=True, slots=True)
class Block:
    """One named array of parameters.

    Attributes
    ----------
    name : str
        The keys on its path, joined by dots.
    shape : tuple of int
    dtype : str
        Type of the user's parameters.
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
    """A loss and the gradient claimed for it, as functions of named blocks of parameters.

    Subclasses evaluate both. The rest of gradcheck handles parameters only as a `Point`. The arrays of a point that is
    passed to `loss` or `gradient` are not read afterwards, so the user's function may write into them.

    Attributes
    ----------
    name : str
        Name in the report.
    place : str
        Path of a part within the whole subject, joined by dots.
    inputs : mapping of str to tuple of str
        Of a layer or a loss: the names of the blocks that hold its inputs; of a part each with names of the blocks of
        the whole that it depends on.
    source : tuple of (str, int), or None
        Of a part: file and line of the code that computes its gradient, if that is known.
    users_inside : tuple of str
        Of a part whose code is not the user's: names of the parts inside it whose code is.
    blocks : tuple of Block
    point : tuple of ndarray
        The user's parameters, one array for each block, in the precision in which the loss is evaluated.
    space : Space
        The operations on the parameters: steps, directions, norms, typical sizes. For NumPy arrays by default.
    parallel : bool
        Whether it can be evaluated at several points at once.
    prepares : bool
        Whether `prepare` computes what the loss at several points needs.
    preparations : int
        Number of evaluations of the loss that were made when the subject was created.
    exponent : int
        The user's loss is ``2**exponent`` times this one.
    only_here : bool
        Whether the gradient is claimed at `point` alone. Elsewhere `gradient` raises.
    has_constants : bool
        Whether `with_constants` may give another subject.
    is_map : bool
        Whether it is a function with several outputs, and the claim about its Jacobian.
    coarse : mapping of str to int
        Blocks of a type that NumPy does not have, and the bits of its mantissa.
    complex_blocks : frozenset of str
        Blocks whose last axis has the real and imaginary parts of complex parameters.
    """

    name: str
    place: str = ""
    inputs: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    source: tuple[str, int] | None = None
    users_inside: tuple[str, ...] = ()
    blocks: tuple[Block, ...]
    point: Point
    space: Space = NUMPY
    parallel: bool = False
    prepares: bool = False
    preparations: int = 0
    exponent: int = 0
    only_here: bool = False
    has_constants: bool = False
    is_map: bool = False
    coarse: Mapping[str, int] = MappingProxyType({})
    complex_blocks: frozenset[str] = frozenset()

    @abc.abstractmethod
    def loss(self, point: Point) -> float:
        """Loss at a point, possibly NaN. Raises `SubjectError` if it is not one real number."""

    @abc.abstractmethod
    def gradient(self, point: Point) -> Point:
        """Claimed gradient at a point: one array for each block, of its shape."""

    def prepare(self, points: Sequence[Point]) -> None:  # noqa: B027
        """Compute what the loss at several points needs, all at once; called if `prepares`."""

    def functions(self) -> tuple[Any, ...]:
        """The user's own callables that `loss` and `gradient` call; none if there are none to be read."""
        return ()

    @property
    def original(self) -> Subject:
        """The subject in the units of the user's loss."""
        return self

    def for_user(self, value: float) -> float:
        """A loss or slope in the units of the user's loss, as reports show it."""
        return times_power_of_two(value, self.exponent)

    def representable(self, point: Point) -> Point:
        """The nearest point that the user's own types can represent."""
        return point

    def with_constants(self, point: Point, count: Callable[..., None]) -> Subject | None:
        """The subject at a point, with what its loss cuts out of the graph held as it is there; None if it cuts none.

        Its gradient is known there alone. After an evaluation, `notes` says where the graph is cut. `count` is called
        with the number of evaluations that this takes, as ``count(losses=2)``.
        """
        return None

    def parts(self) -> Iterator[Subject]:
        """Smaller subjects inside this one, such as layers."""
        return iter(())

    def parts_in_place(self) -> Iterator[Subject]:
        """The parts with what reaches them in this subject, where `parts` draws it at random."""
        return iter(())

    def passed_down_by(self, block: str) -> tuple[str, ...]:
        """Parts that may have spoilt what reaches a block, if the code that computes its gradient is not the user's."""
        return ()

    @property
    def samples(self) -> int:
        """Number of samples in the loss; 1 if they cannot be separated."""
        return 1

    def restricted(self, part: slice) -> Subject | None:
        """The subject with a slice of its samples, valid in the same session; None if they cannot be separated."""
        return None

    def counts(self) -> dict[int, str]:
        """Numbers that a mean may divide by, each with a sentence that says what it counts."""
        return {}

    def view(self, point: Point) -> View | None:
        """Input, output and parameters at a point, if the subject is a layer or a loss."""
        return None

    @contextmanager
    def session(self) -> Iterator[None]:
        """Context in which the subject is evaluated; on exit the user's objects are as they were before."""
        yield

    def remarks(self) -> dict[str, str]:
        """Side effects seen during evaluations: slug of a mistake to the evidence."""
        return {}

    @property
    def disturbed(self) -> bool:
        """Whether a call changed what later ones depend on, noticed when a session ended; from then on it is undone."""
        return False

    def notes(self) -> tuple[str, ...]:
        """What a report should say of it: parameters that are not checked, and what was assumed of the gradient."""
        return ()

    def __repr__(self) -> str:
        entries = sum(block.size for block in self.blocks)
        return f"<Subject {self.name}: {len(self.blocks)} blocks, {entries} parameters>"
