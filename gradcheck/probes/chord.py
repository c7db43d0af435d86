"""A chord of the loss: its slope is the mean of the slopes along it, however the loss bends in between.

Where kinks lie closer to the point than steps can be, for the noise forbids shorter ones, a slope that is measured is
that of a longer stretch: a gradient that is right at the point differs from it, and so do the claims from each other as
one goes along. Their mean does not. A gradient that is wrong is wrong along the way as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradcheck.differences.noise import EPSILON
from gradcheck.probes.cancellation import of_few_bits
from gradcheck.probes.comparison import PROOF, Comparison
from gradcheck.probes.line import Ray
from gradcheck.probes.point import Site

#: The longest chord goes so many steps of the measured slope to either side. Shorter ones follow, each by a factor, as
#: far as noise allows, for mistakes that are made near the point alone.
LONGEST, SHORTER = 4.0, 32.0

#: Bits of numbers in single precision.
SINGLE = 24


def right_on_average(site: Site, ray: Ray, found: Comparison) -> bool:
    """Whether the claims along chords of the loss have the slopes of the chords for a mean.

    Then a gap at the site itself proves nothing: the loss bends within the steps that its slope was measured by.

    Parameters
    ----------
    site : Site
    ray : Ray
        Through the site.
    found : Comparison
        Of the claim at the site with the slope measured along this ray. Its step says how long the chords are.

    Returns
    -------
    bool
        False if a chord proves otherwise; also if the claim is noisy itself, another at each call or rounded to a type
        narrower than its own, for then it is its noise that has a mean of zero; and if there is none along the way.
    """
    again = site.beside(ray, 0.0)
    if again is None or abs(again - found.claim) > found.bar or _narrowed(site, ray):
        return False
    for half in _lengths(site, found):
        if site.effort.left < 2:
            break
        ends = ray([half, -half])
        if not all(map(math.isfinite, ends)):
            continue
        chord = _compared(site, ray, found, half, ends)
        if chord.proves or not math.isfinite(chord.claim):
            return False
    return True


def _narrowed(site: Site, ray: Ray) -> bool:
    """Whether the claim for a block that moves has been rounded to a type narrower than its own."""
    moved = [g for g, v in zip(site.claim, ray.direction.arrays, strict=True) if v is not None and g.any()]
    return any(np.finfo(g.dtype).nmant > SINGLE and of_few_bits(g, SINGLE) for g in moved)


def _lengths(site: Site, found: Comparison) -> Iterator[float]:
    """Halves of chords, from the longest to the shortest in which the noise leaves the gap to be seen."""
    shortest = max(2 * PROOF * site.noise / abs(found.gap), math.ldexp(1.0, -site.bits))
    half = LONGEST * found.estimate.step
    while half > shortest:
        yield half
        half /= SHORTER
    yield math.ldexp(1.0, math.frexp(shortest)[1])


def _compared(site: Site, ray: Ray, found: Comparison, half: float, ends: Sequence[float]) -> Comparison:
    """The mean of the claims between -half and half against the slope of the loss, from its values at both ends."""
    from scipy.integrate import quad_vec

    def claim(t: float) -> float:
        slope = site.beside(ray, half * t)
        return math.nan if slope is None else 0.5 * slope

    noise = max(site.noise, EPSILON * max(map(abs, ends)))
    mean, error = quad_vec(claim, -1.0, 1.0, limit=1, quadrature="gk15")
    bar = noise / half + float(error)
    chord = replace(found.estimate, value=(ends[0] - ends[1]) / (2 * half), error=bar)
    return replace(found, claim=float(mean), estimate=chord)
