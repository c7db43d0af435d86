"""What a mistake is: a transformation that commits it, in the forms that can be held against a claim.

Each form has a `commit`, which makes the wrong gradient of a block from the right gradient of all blocks. How a form is
tested without the right gradient, from slopes of the loss alone, is the business of `gradcheck.diagnosis.fit`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.subjects.subject import Point

Array = NDArray[Any]


@dataclass(frozen=True)
class Moved:
    """The claim is T g, with T linear and invertible: entries in other places, of another block, or weighted.

    Attributes
    ----------
    detail : str
        Which of its kind, "axes 0 and 1" say; the same at each point.
    of : int
        The block whose gradient g is.
    turn : callable
        T.
    dual : callable or None
        The inverse of the adjoint of T; None where that is T itself, as for permutations.
    """

    detail: str
    of: int
    turn: Callable[[Array], Array]
    dual: Callable[[Array], Array] | None = None

    def commit(self, gradient: Point) -> Array:
        """T g."""
        return self.turn(gradient[self.of])


@dataclass(frozen=True)
class Mapped:
    """The claim is T g, with T linear: what T loses cannot be told.

    Attributes
    ----------
    detail : str
    of : int
    turn, adjoint : callable
        T and its adjoint.
    possible : callable
        Whether an array can be T g for any g at all.
    """

    detail: str
    of: int
    turn: Callable[[Array], Array]
    adjoint: Callable[[Array], Array]
    possible: Callable[[Array], bool]

    def commit(self, gradient: Point) -> Array:
        """T g."""
        return self.turn(gradient[self.of])


@dataclass(frozen=True)
class Known:
    """The claim is an array that is known without any slope."""

    detail: str
    claim: Array

    def commit(self, gradient: Point) -> Array:
        """The array."""
        return self.claim


@dataclass(frozen=True)
class Right:
    """The right gradient is an array that is known: what the claim should have been."""

    detail: str
    gradient: Array


@dataclass(frozen=True)
class Rival:
    """The claim is the gradient of another loss.

    Attributes
    ----------
    detail : str
    loss : callable
        That loss, as a function of the point.
    """

    detail: str
    loss: Callable[[Point], float]


@dataclass(frozen=True)
class Added:
    """The claim is g + λ a, with one λ, of the sign that is given, at every point."""

    detail: str
    extra: Array
    sign: int
    of: int

    def commit(self, gradient: Point, strength: float = 0.1) -> Array:
        """Return g + λ a."""
        return np.asarray(gradient[self.of] + self.sign * strength * self.extra)


@dataclass(frozen=True)
class Weighted:
    """The claim is the sum of the gradients of single samples, each with a weight.

    Attributes
    ----------
    detail : str
    weights : callable
        Weights of the samples from their losses.
    """

    detail: str
    weights: Callable[[Array], Array]


@dataclass(frozen=True)
class Rounded:
    """The claim is g, but for the rounding of a narrower type."""

    detail: str
    dtype: np.dtype[Any]
    of: int

    def commit(self, gradient: Point) -> Array:
        """Return g as that type holds it."""
        return gradient[self.of].astype(self.dtype).astype(gradient[self.of].dtype)


Variant = Moved | Mapped | Known | Right | Rival | Added | Weighted | Rounded


class Mistake(abc.ABC):
    """One entry of the catalogue.

    Attributes
    ----------
    code, slug : str
    says : str
        What the claim is, in a few words.
    fix : str
        What to do, in a sentence.
    absorbs : bool
        Whether a constant beside it is a matter of convention, and no mistake of its own.
    particular : bool
        Whether it says more of a claim than a constant factor that would do as well.
    """

    code: ClassVar[str]
    slug: ClassVar[str]
    says: ClassVar[str]
    fix: ClassVar[str]
    absorbs: ClassVar[bool] = False
    particular: ClassVar[bool] = False

    @abc.abstractmethod
    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """The ways in which it can be committed on a block; none where it would change nothing."""

    def message(self, detail: str, factor: float) -> str:
        """What is said of a block that it explains, with a constant that is none of the mistakes beside it."""
        return f"{self.says} ({detail})" if detail else self.says

    def __repr__(self) -> str:
        return f"<{self.code} {self.slug}>"


class Manner(Mistake):
    """A mistake that shows while a subject is evaluated, and not in what is claimed."""

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """None: there is nothing to compare."""
        return iter(())


class Scale(Mistake):
    """A mistake that is no more than a constant factor."""

    @abc.abstractmethod
    def reads(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """What to say of a factor, known up to an error, if it is one of this mistake; else None."""


def near(value: float, wanted: float, error: float) -> bool:
    """Whether two factors are the same as far as can be told."""
    return abs(value - wanted) <= max(error, 1e-9 * abs(wanted))


def changes(turned: Array, array: Array) -> bool:
    """Whether a transformation does anything to an array."""
    if turned.shape != array.shape:
        return True
    return bool(np.abs(turned - array).max(initial=0.0) > 1e-9 * np.abs(array).max(initial=0.0))
