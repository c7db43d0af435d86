"""Find the known mistakes that reproduce the steps of a rule when made on its reference."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck.training.optimisers.comparing import gaps_in_tolerances, largest_relative_gap
from gradcheck.training.optimisers.fitting import fit
from gradcheck.training.optimisers.formula import Hyperparameters
from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence
from gradcheck.training.optimisers.mistakes import ANOTHER_NUMBER, ANOTHER_RULE, MISTAKES
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.references import Reference

#: Steps after which most wrong explanations have been refuted: they are compared before a full path is computed.
SCREENING_STEPS = 3

#: Points of the grid from which the hyperparameters of a mistake are fitted.
GRID_POINTS_OF_A_MISTAKE = 2


@dataclass(frozen=True)
class Explanation:
    """Mistakes that together reproduce the steps of a rule.

    Attributes
    ----------
    mistakes : tuple of RuleMistake
    details : tuple of str
        Which variant of each.
    values : dict of str to float
        All hyperparameters, including fitted ones.
    deviation : float
        Largest gap between changes, relative to the largest change of the entry.
    expected : ndarray
        Path of the rule without the mistakes, with the same hyperparameters.
    """

    mistakes: tuple[RuleMistake, ...]
    details: tuple[str, ...]
    values: dict[str, float]
    deviation: float
    expected: Array

    @property
    def slug(self) -> str:
        """Slugs of the mistakes, joined."""
        return " + ".join(mistake.slug for mistake in self.mistakes)

    @property
    def message(self) -> str:
        """What the rule does, in a sentence."""
        return "; ".join(m.message(detail) for m, detail in zip(self.mistakes, self.details, strict=True))


def explanations(measured: Array, sequence: GradientSequence, reference: Reference) -> list[Explanation]:
    """Mistakes that reproduce the path of a rule, simplest first.

    First come mistakes without a hyperparameter of their own, then those with one that is fitted, then other rules,
    then pairs of mistakes. Later groups are tried only if earlier ones explain nothing. Hyperparameters that were not
    given are fitted under each mistake.
    """
    context = MistakeContext(reference, reference.formula, sequence)
    identifiable = [mistake for mistake in MISTAKES if not set(mistake.needs) & set(reference.missing)]
    every = [(mistake, variant) for mistake in identifiable for variant in mistake.variants(context)]
    plain = [each for each in every if not each[1].free]
    other_rules = [each for each in every if each[0] is ANOTHER_RULE]
    fitted = [each for each in every if each[1].free and each not in other_rules]
    found = list(_single(measured, context, plain))
    found += _single(measured, context, [each for each in fitted if not found or each[0] is ANOTHER_NUMBER])
    if not found:
        found = list(_single(measured, context, other_rules))
    if not found and not reference.missing:
        effective = [each for each in plain if each[1].formula != context.formula]
        found = list(_pairs(measured, context, effective))
    return found


#: A mistake and one of its variants.
MistakeVariant = tuple[RuleMistake, Variant]


def _single(measured: Array, context: MistakeContext, candidates: Sequence[MistakeVariant]) -> Iterator[Explanation]:
    """Explanations by one mistake."""
    for mistake, variant in candidates:
        found = _explanation(measured, context, (mistake,), (variant,))
        if found is not None:
            yield found


def _pairs(measured: Array, context: MistakeContext, first: Sequence[MistakeVariant]) -> Iterator[Explanation]:
    """Explanations by two mistakes without hyperparameters of their own."""
    for (one, variant), other in itertools.product(first, MISTAKES):
        if MISTAKES.index(other) <= MISTAKES.index(one):
            continue
        for added in other.variants(replace(context, formula=variant.formula)):
            if not added.free:
                found = _explanation(measured, context, (one, other), (variant, added))
                if found is not None:
                    yield found


def _explanation(
    measured: Array, context: MistakeContext, mistakes: tuple[RuleMistake, ...], variants: tuple[Variant, ...]
) -> Explanation | None:
    """The explanation by some mistakes; None if they do not reproduce the measured path."""
    formula, free = variants[-1].formula, variants[-1].free
    reference, sequence = context.reference, context.sequence
    given = {name: value for name, value in reference.given.items() if name not in free}
    unknown = tuple(dict.fromkeys((*reference.missing, *free)))
    if mistakes[0] is ANOTHER_RULE:
        unknown = free
    elif not unknown and not _agree(measured, formula.path(given, sequence, SCREENING_STEPS), sequence, False):
        return None
    values = fit(formula.path, measured, sequence, given, unknown, GRID_POINTS_OF_A_MISTAKE)
    if values is None:
        return None
    path = formula.path(values, sequence)
    if not _agree(measured, path, sequence, bool(unknown)):
        return None
    right = {**values, **reference.given}
    return Explanation(
        mistakes=mistakes,
        details=tuple(variant.description(values) for variant in variants),
        values=values,
        deviation=largest_relative_gap(measured, path, sequence),
        expected=reference.path(right, sequence) if set(reference.names) <= set(right) else path,
    )


def _agree(measured: Array, path: Array, sequence: GradientSequence, fitted: bool) -> bool:
    return float(gaps_in_tolerances(path, measured, sequence, fitted).max(initial=0.0)) <= 1.0


def fitted_hyperparameters(measured: Array, sequence: GradientSequence, reference: Reference) -> Hyperparameters:
    """Hyperparameters of the reference; those that are missing are fitted to the measured path."""
    found = fit(reference.formula.path, measured, sequence, reference.given, reference.missing)
    return found if found is not None else dict(reference.given)
