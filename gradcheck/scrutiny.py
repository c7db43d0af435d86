"""Second looks at a slope: with patience where noise hides it, from nearby where the claim is steep, and for proof."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gradcheck.comparison import Comparison
from gradcheck.estimate import Estimate
from gradcheck.numerics.averaged import LEAST, Averaged
from gradcheck.numerics.derivative import differentiate
from gradcheck.numerics.ladder import RUN
from gradcheck.numerics.noise import EPSILON, noise_at
from gradcheck.numerics.plateau import plateau
from gradcheck.ray import Ray
from gradcheck.site import Site

#: At most so many values a step are averaged.
CROWD = 128

#: A claim so many times steeper than the slope that was found is looked at from nearby: with steps that many powers of
#: two shorter than the distance in which the loss has to change, for which this part of a mantissa is left.
STEEP, NEAREST, FINEST = 4.0, 6, 0.8

#: A change is clear if it is so many times the noise; what a look at it from nearby may cost.
CLEAR, DEAR = 64.0, 40


def patiently(site: Site, ray: Ray, hasty: Comparison) -> Comparison:
    """Measure a slope again where noise hides what would matter: with many values for each step.

    Returns what it was given where so many would be needed that it is not worth while, or more than may be spent.
    """
    best, count = hasty, 1
    while not best.resolved and best.tolerance > 0 and math.isfinite(best.bar):
        goal = 0.75 * best.tolerance
        wanted = count * (best.estimate.error / goal) ** 2  # to halve the noise takes four times the values
        count = max(LEAST, 2 * count, 2 ** math.ceil(math.log2(min(wanted, 2.0 * CROWD))))
        if count > CROWD or count * (2 * RUN + 3) > site.effort.left:
            break
        found = _averaged(site, ray, count, best.estimate.step, goal)
        if not found.error < best.estimate.error:
            break
        best = replace(best, estimate=found)
    return best


def _averaged(site: Site, ray: Ray, count: int, step: float, goal: float) -> Estimate:
    function = Averaged(ray, site.value, count)
    start = math.frexp(step)[1] - 2
    return differentiate(
        function,
        noise=function.noise(math.ldexp(1.0, start)),
        centre=function.centre(math.ldexp(1.0, 1 - site.bits)),
        target=goal,
        start=start,
        smallest=start - 4,
        largest=site.largest - 1,
        budget=min(site.effort.left // (2 * count), 18),
    )


def nearby(site: Site, block: int, found: Comparison) -> Site | None:
    """The site as if under a magnifying glass, if the claim for a block is far steeper than the slope that was found.

    Over steps longer than the features of the loss its slope can look like anything, or like noise. A claim that is
    right makes the loss change by all that it was seen to change within a short distance: so short are the steps taken
    there. No step is chosen by agreement: a wrong claim is looked at as closely, and disagrees there as well.
    """
    estimate = found.estimate
    slope = abs(estimate.value) + estimate.error
    clear = slope * estimate.step > CLEAR * site.noise or site.random
    if not (clear and abs(found.claim) > STEEP * slope) or site.effort.left < DEAR:
        return None
    close = replace(site, name=f"{site.name}, from nearby")
    close.bits = int(FINEST * min(np.finfo(x.dtype).nmant for x in site.point))
    change = max(slope * estimate.step, site.noise)
    exponent = max(math.frexp(change / abs(found.claim))[1] - NEAREST, RUN - close.bits)
    noise = noise_at(close.ray([b == block for b in range(len(site.point))]), site.value, exponent)
    if noise is None:
        return None
    close.noise = max(noise.level, EPSILON * abs(site.value))
    close.exponent, close.largest = exponent, exponent + NEAREST
    return close


def proof(site: Site, ray: Ray, found: Comparison) -> Comparison:
    """Measure the slope along a fresh ray to a standard that a claim may be called wrong by.

    `found` is what led here: it says which steps to take.
    """
    exponent = math.frexp(found.estimate.step)[1] - 1
    estimate = plateau(ray, noise=site.noise, centre=site.value, exponent=exponent, budget=site.effort.left)
    return site.compared(ray, estimate, zero=found.zero)
