"""Which known mistake explains a block that is wrong: one, one with a constant, or two."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.fit import Fit, Hypotheses
from gradcheck.diagnosis.mistakes import FACTOR_MISTAKES, MISTAKES
from gradcheck.diagnosis.mistakes.mistake import FactorMistake, Mistake, ObservedMistake, Permutation, digits_of
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.differences.powers import times_power_of_two

Array = NDArray[Any]


@dataclass(frozen=True)
class Named:
    """A mistake, and its message for this block."""

    mistake: Mistake
    message: str


@dataclass(frozen=True)
class Diagnosis:
    """What explains the claim for one block.

    Attributes
    ----------
    named : tuple of Named
        The mistakes, the first of them the main one.
    fit : Fit
    points : int
        At how many points it does.
    exponent : int
        The user's loss is ``2**exponent`` times the one that was fitted.
    """

    named: tuple[Named, ...]
    fit: Fit
    points: int
    exponent: int = 0

    @property
    def evidence(self) -> str:
        """The claimed slope, the one that the mistake gives, and the largest remainder."""
        claimed, expected = (times_power_of_two(x, self.exponent) for x in (self.fit.claimed, self.fit.expected))
        where = "at your point and at a random one" if self.points > 1 else "at your point"
        text = (
            f"along a random direction the claimed slope is {claimed:.6g}, and the right gradient with "
            f"this mistake gives {expected:.6g}; the two differ by at most {self.fit.left:.1e} of the claim, "
            f"{where}"
        )
        if isinstance(self.named[0].mistake, FactorMistake):
            text += f"; the factor is {digits_of(self.fit.factor, self.fit.bar, 9)} ± {self.fit.bar:.0e}"
        return text


def diagnose(hypotheses: Hypotheses, block: int) -> Diagnosis | None:
    """The simplest mistake that reproduces the claim for a block; None if no known one does."""
    counts = hypotheses.subject.counts()
    points = len(hypotheses.views)
    whole = hypotheses.identity(block)
    if whole is not None:
        named = _scaled(whole, counts)
        if not named:  # right along all directions: the error is too small for most names
            return _first(hypotheses, block, [mistake for mistake in MISTAKES if mistake.subtle])
        preferred = [m for m in MISTAKES if m.preferred_to_factor] if _is_constant(named) else []
        return _first(hypotheses, block, preferred) or Diagnosis(named, whole, points)
    found: list[tuple[Mistake, Fit]] = []
    for mistake in MISTAKES:
        if isinstance(mistake, (FactorMistake, ObservedMistake)):
            continue
        for fit in hypotheses.fits(mistake, block):
            if fit.plain or mistake.allows_factor:
                return Diagnosis((_named(mistake, fit),), fit, points)
            found.append((mistake, fit))
    hypotheses.stop_weighing_samples()
    for mistake, fit in found:
        return Diagnosis((_named(mistake, fit), *_scaled(fit, counts)), fit, points)
    for first, second, fit in _pairs(hypotheses, block):
        return Diagnosis((first, second, *(() if fit.plain else _scaled(fit, counts))), fit, points)
    return None


def roughly(hypotheses: Hypotheses, block: int) -> Diagnosis | None:
    """A sign, or a factor that people write, that explains a claim up to what a solver's tolerance may make.

    Any other constant would be met by claims that are only nearly proportional to the right gradient.
    """
    for accuracy in DIAGNOSIS.accuracies if hypotheses.views else ():
        fit = hypotheses.within(accuracy).identity(block)
        named = _scaled(fit, hypotheses.subject.counts()) if fit is not None else ()
        if fit is not None and named and (_is_simple(fit) or not _is_constant(named)):
            return Diagnosis(named, fit, len(hypotheses.views))
    return None


def loosely(hypotheses: Hypotheses, block: int) -> Diagnosis | None:
    """A sign, a half or a double that explains a claim up to what a loose solver makes of it.

    The caller has to know that there is one: without it a claim that is off by a tenth everywhere is another mistake.
    """
    for accuracy in DIAGNOSIS.loose_accuracies if hypotheses.views else ():
        fit = hypotheses.within(accuracy).identity(block)
        if fit is None:
            continue
        nearest = min(DIAGNOSIS.loose_factors, key=lambda factor: abs(fit.factor - factor))
        is_near = abs(fit.factor - nearest) <= accuracy * abs(nearest)
        if is_near and abs(nearest - 1.0) >= DIAGNOSIS.loose_constant * fit.left:
            return Diagnosis(_scaled(replace(fit, left=0.0), {}), fit, len(hypotheses.views))
    return None


def _is_simple(fit: Fit) -> bool:
    """Whether a factor is that of a square, or of one that is counted twice or half, within its error."""
    return any(abs(abs(fit.factor) - factor) <= fit.error for factor in DIAGNOSIS.simple_factors)


def diagnose_with(hypotheses: Hypotheses, block: int, mistake: Mistake) -> Diagnosis | None:
    """One mistake alone, if it reproduces the claim for a block without a constant; a constant alone comes first.

    A subtle one is compared far more sharply than a constant, which may be within what a fit tolerates.
    """
    if not mistake.subtle and hypotheses.identity(block) is not None:
        return None
    return _first(hypotheses, block, (mistake,))


def _first(hypotheses: Hypotheses, block: int, mistakes: Sequence[Mistake]) -> Diagnosis | None:
    """The first of some mistakes that reproduces the claim without a constant."""
    fits = ((mistake, fit) for mistake in mistakes for fit in hypotheses.fits(mistake, block) if fit.plain)
    for mistake, fit in fits:
        return Diagnosis((_named(mistake, fit),), fit, len(hypotheses.views))
    return None


def _is_constant(named: Sequence[Named]) -> bool:
    return named[0].mistake.slug == "constant-factor"


def together(hypotheses: Hypotheses, blocks: Sequence[int]) -> Diagnosis | None:
    """A constant that explains several blocks at once; None if there is none."""
    fit = hypotheses.together(blocks)
    named = () if fit is None else _scaled(fit, hypotheses.subject.counts())
    return Diagnosis(named, fit, len(hypotheses.views)) if fit is not None and named else None


def _named(mistake: Mistake, fit: Fit) -> Named:
    return Named(mistake, mistake.message(fit.detail, fit.factor))


def _scaled(fit: Fit, counts: dict[int, str]) -> tuple[Named, ...]:
    """The messages for a constant factor: a sign, a count, or a number; a sign may come with one of the others."""
    sign: tuple[Named, ...] = ()
    factor = fit.factor
    if abs(factor - 1.0) < DIAGNOSIS.clear_constant * fit.left:
        return ()  # what is left over varies by as much: the claims are only nearly in proportion
    for scale in FACTOR_MISTAKES:
        text = scale.describe_factor(factor, fit.error, counts)
        if text is not None and not (factor < 0 and scale.slug == "constant-factor"):
            return (Named(scale, text),)
    if factor < 0:
        sign, factor = (Named(FACTOR_MISTAKES[0], FACTOR_MISTAKES[0].description),), -factor
    for scale in FACTOR_MISTAKES:
        text = scale.describe_factor(factor, fit.error, counts)
        if text is not None:
            return (Named(scale, text), *sign)
    return ()


def _pairs(hypotheses: Hypotheses, block: int) -> Iterator[tuple[Named, Named, Fit]]:
    """Pairs of mistakes that move entries, one applied after the other.

    Two such mistakes can produce many of the permutations of a few entries, so that a match would prove nothing.
    """
    size = hypotheses.subject.blocks[block].size
    if not DIAGNOSIS.least_pair_size <= size <= DIAGNOSIS.most_pair_size:
        return
    moves = [
        (mistake, move)
        for mistake in MISTAKES
        if not isinstance(mistake, (FactorMistake, ObservedMistake))
        for move in hypotheses.moves(mistake, block)
    ]
    for (one, first), (two, second) in itertools.permutations(moves, 2):
        if second[0].source != block or one is two:
            continue
        both = [
            Permutation(f"{f.detail}; {s.detail}", f.source, partial(_after, f, s))
            for f, s in zip(first, second, strict=True)
        ]
        fit = hypotheses.fit(block, both)
        if fit is not None and hypotheses.believed(fit, DIAGNOSIS.chance_of_pair):
            yield Named(one, one.message(first[0].detail, 1.0)), Named(two, two.message(second[0].detail, 1.0)), fit


def _after(first: Permutation, second: Permutation, array: Array) -> Array:
    """Apply the second permutation after the first, to directions."""
    return np.asarray((second.inverse_adjoint or second.transform)((first.inverse_adjoint or first.transform)(array)))
