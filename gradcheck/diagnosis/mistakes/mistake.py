"""What a mistake is: a set of variants, each a transformation from the right gradient to a wrong one.

`gradcheck.diagnosis.fit` tests a variant against the claimed gradient. It needs directional derivatives of the loss
only, never the right gradient itself. Tests and benchmarks call `apply` instead, on a right gradient that they know.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.subjects.subject import Point

Array = NDArray[Any]

#: Numbers that differ by at most this part of their size are equal. It is far above the round-off of the few float64
#: operations in between (about 1e-15), and far below any mistake.
EQUAL_WITHIN = 1e-9

#: Default strength λ of an additive term. Any visible strength serves.
EXAMPLE_STRENGTH = 0.1


@dataclass(frozen=True)
class Permutation:
    """The wrong gradient is T g, where T permutes the entries of g and may scale each of them.

    T is invertible, so the claimed gradient can be tested along directions in which the loss was measured already.

    Attributes
    ----------
    detail : str
        Identifies the variant among those of its mistake; the same at every point. Shown in the message.
    source : int
        Index of the block whose gradient is g.
    transform : callable
        T.
    inverse_adjoint : callable or None
        T⁻ᵀ; None if it equals T, as for every permutation that does not scale.
    """

    detail: str
    source: int
    transform: Callable[[Array], Array]
    inverse_adjoint: Callable[[Array], Array] | None = None

    def apply(self, gradient: Point) -> Array:
        """Return T g."""
        return self.transform(gradient[self.source])


@dataclass(frozen=True)
class LinearMap:
    """The wrong gradient is T g, where T is linear and need not be invertible.

    Attributes
    ----------
    detail : str
    source : int
        Index of the block whose gradient is g.
    transform, adjoint : callable
        T and Tᵀ.
    in_range : callable
        Whether an array is in the range of T, so that it can be T g for some g.
    """

    detail: str
    source: int
    transform: Callable[[Array], Array]
    adjoint: Callable[[Array], Array]
    in_range: Callable[[Array], bool]

    def apply(self, gradient: Point) -> Array:
        """Return T g."""
        return self.transform(gradient[self.source])


@dataclass(frozen=True)
class ExactArray:
    """The wrong gradient is a known array. No directional derivative is needed to compare it."""

    detail: str
    array: Array

    def apply(self, gradient: Point) -> Array:
        """Return the array."""
        return self.array


@dataclass(frozen=True)
class RightGradient:
    """The right gradient is a known array, and the claimed gradient is another one."""

    detail: str
    array: Array


@dataclass(frozen=True)
class OtherLoss:
    """The wrong gradient is the gradient of another loss.

    Attributes
    ----------
    detail : str
    loss : callable
        The other loss, as a function of the point.
    """

    detail: str
    loss: Callable[[Point], float]


@dataclass(frozen=True)
class AdditiveTerm:
    """The wrong gradient is g + sign · λ · term, with one positive λ at every point.

    Attributes
    ----------
    detail : str
    term : ndarray
    sign : int
        1 or −1.
    source : int
        Index of the block whose gradient is g.
    """

    detail: str
    term: Array
    sign: int
    source: int

    def apply(self, gradient: Point, strength: float = EXAMPLE_STRENGTH) -> Array:
        """Return g + sign · strength · term."""
        return np.asarray(gradient[self.source] + self.sign * strength * self.term)


@dataclass(frozen=True)
class SampleWeights:
    """The wrong gradient is a weighted sum of the gradients of the single samples.

    Attributes
    ----------
    detail : str
    weights : callable
        Weights of the samples, computed from their losses.
    """

    detail: str
    weights: Callable[[Array], Array]


@dataclass(frozen=True)
class ChangedSamples:
    """The wrong gradient is g + ε ∇q, with one ε at every point; q depends on the losses of the samples, and on ε.

    Attributes
    ----------
    detail : str
    added : callable
        q for each sample, from its loss and ε, which may be 0; not finite where there is no such loss.
    """

    detail: str
    added: Callable[[Array, float], Array]


@dataclass(frozen=True)
class Rounded:
    """The wrong gradient is g, rounded to a narrower type."""

    detail: str
    dtype: np.dtype[Any]
    source: int

    def apply(self, gradient: Point) -> Array:
        """Return g, rounded to the narrower type and converted back."""
        return gradient[self.source].astype(self.dtype).astype(gradient[self.source].dtype)


Variant = (
    Permutation
    | LinearMap
    | ExactArray
    | RightGradient
    | OtherLoss
    | AdditiveTerm
    | SampleWeights
    | ChangedSamples
    | Rounded
)


class Mistake(abc.ABC):
    """One mistake of the catalogue.

    Attributes
    ----------
    code, slug : str
    description : str
        What is wrong, as a clause: it follows a colon in reports.
    fix : str
        What to do, in one or two sentences.
    allows_factor : bool
        Whether a constant factor beside the mistake is a convention. If not, the factor is a second finding.
    preferred_to_factor : bool
        Whether the mistake is named even if a constant factor would explain the claimed gradient equally well.
    subtle : bool
        Whether the mistake is also looked for where the claim is right to within what a fit tolerates.
    of_real : bool
        Whether it can be made in the gradient with respect to real parameters.
    """

    code: ClassVar[str]
    slug: ClassVar[str]
    description: ClassVar[str]
    fix: ClassVar[str]
    allows_factor: ClassVar[bool] = False
    preferred_to_factor: ClassVar[bool] = False
    subtle: ClassVar[bool] = False
    of_real: ClassVar[bool] = True

    @abc.abstractmethod
    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the ways of making the mistake in a block; skip those that would not change the gradient."""

    def message(self, detail: str, factor: float) -> str:
        """Describe the mistake in a report.

        Parameters
        ----------
        detail : str
            That of the variant which explains the claimed gradient.
        factor : float
            The constant that was fitted beside it.
        """
        return f"{self.description} ({detail})" if detail else self.description

    def __repr__(self) -> str:
        return f"<{self.code} {self.slug}>"


class ObservedMistake(Mistake):
    """A mistake that the check itself observes: a violated assumption about the code, or a few wrong entries.

    It has no variants, so nothing is fitted.
    """

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield nothing."""
        return iter(())


class FactorMistake(Mistake):
    """A mistake that multiplies the right gradient by a constant. It can occur together with another mistake."""

    @abc.abstractmethod
    def describe_factor(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Describe a factor that this mistake explains.

        Parameters
        ----------
        factor, error : float
            The fitted factor and its error bound.
        counts : dict of int to str
            Numbers found in the shapes of the batch, each with a sentence that explains it.

        Returns
        -------
        str or None
            None if this mistake does not explain the factor.
        """


def same_factor(factor: float, wanted: float, error: float) -> bool:
    """Whether two factors agree within an error bound."""
    return abs(factor - wanted) <= max(error, EQUAL_WITHIN * abs(wanted))


def digits_of(factor: float, error: float, most: int = 6) -> str:
    """A factor with the digits that are known of it, at least two of them.

    Examples
    --------
    >>> digits_of(1.99812, 0.02), digits_of(1.99812, 1e-5)
    ('2', '1.99812')
    """
    known = math.floor(math.log10(abs(factor) / error)) + 1 if error > 0 else most
    return f"{factor:.{min(max(known, 2), most)}g}"


def differs(array: Array, reference: Array) -> bool:
    """Whether an array differs from a reference in shape, or in some entry by more than rounding."""
    if array.shape != reference.shape:
        return True
    return bool(np.abs(array - reference).max(initial=0.0) > EQUAL_WITHIN * np.abs(reference).max(initial=0.0))
