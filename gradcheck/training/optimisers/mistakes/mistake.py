"""What a mistake of an update rule is: another term in the place of one, in all the ways in which it can be made."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gradcheck.training.optimisers.formula import Average, Averaging, Numbers
from gradcheck.training.optimisers.references import Formula, Reference
from gradcheck.training.optimisers.track import Track


@dataclass(frozen=True)
class Scene:
    """What a mistake is committed on.

    Attributes
    ----------
    reference : Reference
    formula : Averaging or Resilient
        Of the reference, perhaps with another mistake in it already.
    track : Track
    """

    reference: Reference
    formula: Formula
    track: Track


@dataclass(frozen=True)
class Variant:
    """One way of making a mistake.

    Attributes
    ----------
    formula : Averaging or Resilient
        The rule with the mistake.
    detail : str
        Which of its kind.
    free : tuple of str
        Numbers that the mistake has and the reference has not, or that are others than those given; they are fitted.
    reads : callable or None
        What to say of the mistake with its numbers, in the place of `detail`.
    """

    formula: Formula
    detail: str = ""
    free: tuple[str, ...] = ()
    reads: Callable[[Numbers], str] | None = None

    def says(self, numbers: Numbers) -> str:
        """Which of its kind, with its numbers."""
        return self.detail if self.reads is None else self.reads(numbers)


class RuleMistake(abc.ABC):
    """One entry of the catalogue.

    Attributes
    ----------
    slug : str
    term : str
        The term that differs.
    says : str
        What the rule does, in a few words.
    fix : str
        What to do, in a sentence.
    convention : str
        Where it is meant so, and none.
    needs : tuple of str
        Hyperparameters that must be known, for with others the right rule could make the same steps.
    """

    slug: ClassVar[str]
    term: ClassVar[str]
    says: ClassVar[str]
    fix: ClassVar[str]
    convention: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def variants(self, scene: Scene) -> Iterator[Variant]:
        """The ways in which it can be made; none where it would change nothing."""

    def message(self, detail: str) -> str:
        """What the rule does, with the detail."""
        return f"{self.says} ({detail})" if detail else self.says

    def __repr__(self) -> str:
        return f"<{self.slug}>"


def averages(formula: Formula) -> Iterator[tuple[str, str, Average]]:
    """The averages of a rule: the field, what it is called, and the average."""
    if isinstance(formula, Averaging):
        if formula.mean is not None:
            yield "mean", "the velocity" if _sums(formula.mean) else "the mean gradient", formula.mean
        if formula.square is not None:
            yield "square", "the sum of squares" if _sums(formula.square) else "the mean square", formula.square


def exchanged(formula: Formula, field: str, **terms: Any) -> Formula:
    """The rule with other terms in one of its averages."""
    return replace(formula, **{field: replace(getattr(formula, field), **terms)})


_PROBE = dict.fromkeys(("momentum", "decay", "beta1", "beta2"), 0.75)


def sums_to_one(average: Average) -> bool:
    """Whether the weights of an average are meant to."""
    return abs(average.keep(_PROBE) + average.take(_PROBE) - 1.0) < 1e-12


def _sums(average: Average) -> bool:
    return not sums_to_one(average)
