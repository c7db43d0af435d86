"""What a mistake of an update rule is: a term of the formula replaced by another, in one or more variants."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gradcheck.training.optimisers.formula import AverageTerm, AveragingRule, Hyperparameters
from gradcheck.training.optimisers.gradient_sequence import GradientSequence
from gradcheck.training.optimisers.references import Formula, Reference


@dataclass(frozen=True)
class MistakeContext:
    """What a mistake is made on.

    Attributes
    ----------
    reference : Reference
    formula : AveragingRule or ResilientRule
        Formula of the reference, possibly with another mistake in it.
    sequence : GradientSequence
    """

    reference: Reference
    formula: Formula
    sequence: GradientSequence


@dataclass(frozen=True)
class Variant:
    """One way of making a mistake.

    Attributes
    ----------
    formula : AveragingRule or ResilientRule
        The formula with the mistake.
    detail : str
        Which variant it is, in a few words.
    free : tuple of str
        Hyperparameters of the mistake, or given ones that it replaces. They are fitted.
    describe : callable or None
        Replaces `detail` by a description that contains fitted hyperparameters.
    """

    formula: Formula
    detail: str = ""
    free: tuple[str, ...] = ()
    describe: Callable[[Hyperparameters], str] | None = None

    def description(self, values: Hyperparameters) -> str:
        """Which variant it is, with its hyperparameters."""
        return self.detail if self.describe is None else self.describe(values)


class RuleMistake(abc.ABC):
    """One entry of the catalogue.

    Attributes
    ----------
    slug : str
    term : str
        The term that differs.
    summary : str
        What the rule does, in a few words.
    fix : str
        What to do, in a sentence.
    convention : str
        Implementations in which it is intended.
    needs : tuple of str
        Hyperparameters that must be given: with another value of them, the right rule could make the same steps.
    """

    slug: ClassVar[str]
    term: ClassVar[str]
    summary: ClassVar[str]
    fix: ClassVar[str]
    convention: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The variants of the mistake; none if it would change nothing."""

    def message(self, detail: str) -> str:
        """What the rule does, with the variant."""
        return f"{self.summary} ({detail})" if detail else self.summary

    def __repr__(self) -> str:
        return f"<{self.slug}>"


def averages(formula: Formula) -> Iterator[tuple[str, str, AverageTerm]]:
    """The averages of a formula: field, name, and term."""
    if isinstance(formula, AveragingRule):
        if formula.mean is not None:
            yield "mean", "the mean gradient" if sums_to_one(formula.mean) else "the velocity", formula.mean
        if formula.square is not None:
            yield "square", "the mean square" if sums_to_one(formula.square) else "the sum of squares", formula.square


def with_term(formula: Formula, field: str, **terms: Any) -> Formula:
    """The formula with other terms in one of its averages."""
    return replace(formula, **{field: replace(getattr(formula, field), **terms)})


#: Hyperparameters with which the weights of an average are evaluated. Only their complement to 1 matters.
_PROBE_VALUES = dict.fromkeys(("momentum", "decay", "beta1", "beta2"), 0.75)


def sums_to_one(average: AverageTerm) -> bool:
    """Whether the two weights of an average sum to one by construction, up to rounding."""
    return abs(average.decay(_PROBE_VALUES) + average.input_weight(_PROBE_VALUES) - 1.0) < 1e-12
