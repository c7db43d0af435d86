"""Which known mistake explains a block that is wrong: one, one with a constant, or two."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.fit import Fit, Hypotheses
from gradcheck.diagnosis.mistakes import FACTOR_MISTAKES, MISTAKES
from gradcheck.diagnosis.mistakes.mistake import FactorMistake, Mistake, ObservedMistake, Permutation
from gradcheck.diagnosis.settings import DIAGNOSIS

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
    """

    named: tuple[Named, ...]
    fit: Fit
    points: int

    @property
    def evidence(self) -> str:
        """The claimed slope, the one that the mistake gives, and the largest remainder."""
        where = "at your point and at a generic one" if self.points > 1 else "at your point"
        text = (
            f"along a random direction the claimed slope is {self.fit.claimed:.6g}, and the mistake gives "
            f"{self.fit.expected:.6g}; the remainder is at most {self.fit.left:.1e} of the claim, {where}"
        )
        if isinstance(self.named[0].mistake, FactorMistake):
            text += f"; the factor is {self.fit.factor:.9g} ± {self.fit.bar:.0e}"
        return text


def diagnose(hypotheses: Hypotheses, block: int) -> Diagnosis | None:
    """The simplest mistake that reproduces the claim for a block; None if no known one does."""
    counts = hypotheses.subject.counts()
    points = len(hypotheses.views)
    whole = hypotheses.identity(block)
    if whole is not None:
        named = _scaled(whole, counts)
        if not named:
            return None  # right along all directions: the error is too small for a name
        for mistake in MISTAKES if named[0].mistake.slug == "constant-factor" else ():
            for fit in hypotheses.fits(mistake, block) if mistake.preferred_to_factor else ():
                if fit.plain:
                    return Diagnosis((_named(mistake, fit),), fit, points)
        return Diagnosis(named, whole, points)
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
        if fit is not None:
            yield Named(one, one.message(first[0].detail, 1.0)), Named(two, two.message(second[0].detail, 1.0)), fit


def _after(first: Permutation, second: Permutation, array: Array) -> Array:
    """Apply the second permutation after the first, to directions."""
    return np.asarray((second.inverse_adjoint or second.transform)((first.inverse_adjoint or first.transform)(array)))
