"""Which mistake makes the very steps that a rule makes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck.training.optimisers.comparing import gaps, worst
from gradcheck.training.optimisers.fitting import fit
from gradcheck.training.optimisers.formula import Numbers
from gradcheck.training.optimisers.mistakes import ANOTHER_NUMBER, ANOTHER_RULE, MISTAKES
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.references import Reference
from gradcheck.training.optimisers.track import Array, Track

#: Steps after which most of what does not explain a rule has parted from it.
SOON = 3

#: Points from which the numbers of a mistake are looked for.
STARTS = 2


@dataclass(frozen=True)
class Explanation:
    """Mistakes that, made together on the reference, make the rule's steps.

    Attributes
    ----------
    mistakes : tuple of RuleMistake
    details : tuple of str
    numbers : dict of str to float
        All hyperparameters, and what is fitted beside them.
    deviation : float
        Largest gap between changes, relative to the largest of the entry.
    expected : ndarray
        The path of the rule without the mistakes, with the same hyperparameters.
    """

    mistakes: tuple[RuleMistake, ...]
    details: tuple[str, ...]
    numbers: dict[str, float]
    deviation: float
    expected: Array

    @property
    def slug(self) -> str:
        """The mistakes, joined."""
        return " + ".join(mistake.slug for mistake in self.mistakes)

    @property
    def message(self) -> str:
        """What the rule does."""
        return "; ".join(m.message(detail) for m, detail in zip(self.mistakes, self.details, strict=True))


def explanations(measured: Array, track: Track, reference: Reference) -> list[Explanation]:
    """Mistakes that reproduce a rule's path, the simplest first.

    Those that bring no number with them; beside them, or else, those with one that fits; else another rule; else two at
    once. Hyperparameters that are not given are fitted under each mistake.
    """
    scene = Scene(reference, reference.formula, track)
    told = [mistake for mistake in MISTAKES if not set(mistake.needs) & set(reference.missing)]
    every = [(mistake, variant) for mistake in told for variant in mistake.variants(scene)]
    plain = [each for each in every if not each[1].free]
    other = [each for each in every if each[0] is ANOTHER_RULE]
    numbered = [each for each in every if each[1].free and each not in other]
    found = list(_alone(measured, scene, plain))
    found += _alone(measured, scene, [each for each in numbered if not found or each[0] is ANOTHER_NUMBER])
    if not found:
        found = list(_alone(measured, scene, other))
    if not found and not reference.missing:
        found = list(_together(measured, scene, [each for each in plain if each[1].formula != scene.formula]))
    return found


Made = tuple[RuleMistake, Variant]


def _alone(measured: Array, scene: Scene, made: Sequence[Made]) -> Iterator[Explanation]:
    for mistake, variant in made:
        found = _explains(measured, scene, (mistake,), (variant,))
        if found is not None:
            yield found


def _explains(
    measured: Array, scene: Scene, mistakes: tuple[RuleMistake, ...], variants: tuple[Variant, ...]
) -> Explanation | None:
    """Hold a rule with mistakes against the measured path."""
    formula, free = variants[-1].formula, variants[-1].free
    given = {name: value for name, value in scene.reference.given.items() if name not in free}
    unknown = tuple(dict.fromkeys((*scene.reference.missing, *free)))
    if mistakes[0] is ANOTHER_RULE:
        unknown = free
    elif not unknown and not _near(measured, formula.path(given, scene.track, SOON), scene.track, False):
        return None
    numbers = fit(formula.path, measured, scene.track, given, unknown, STARTS)
    if numbers is None:
        return None
    path = formula.path(numbers, scene.track)
    if not _near(measured, path, scene.track, bool(unknown)):
        return None
    right = {**numbers, **scene.reference.given}
    return Explanation(
        mistakes,
        tuple(variant.says(numbers) for variant in variants),
        numbers,
        worst(measured, path, scene.track),
        scene.reference.path(right, scene.track) if set(scene.reference.numbers) <= set(right) else path,
    )


def _together(measured: Array, scene: Scene, first: Sequence[Made]) -> Iterator[Explanation]:
    """Two mistakes at once, of those that bring no numbers with them."""
    for (one, variant), other in itertools.product(first, MISTAKES):
        if MISTAKES.index(other) <= MISTAKES.index(one):
            continue
        for added in other.variants(replace(scene, formula=variant.formula)):
            if not added.free:
                found = _explains(measured, scene, (one, other), (variant, added))
                if found is not None:
                    yield found


def _near(measured: Array, path: Array, track: Track, fitted: bool) -> bool:
    return float(gaps(path, measured, track, fitted).max(initial=0.0)) <= 1.0


def numbers_fitted(measured: Array, track: Track, reference: Reference) -> Numbers:
    """Hyperparameters of the right rule, those that are missing such that it comes as close as it can."""
    found = fit(reference.formula.path, measured, track, reference.given, reference.missing)
    return found if found is not None else dict(reference.given)
