"""Second looks at a slope: with patience, from nearby where the claim is steep, for steps of the loss, for proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.differences.averaged import LEAST, Averaged
from gradcheck.differences.derivative import differentiate
from gradcheck.differences.estimate import Estimate
from gradcheck.differences.noise import EPSILON, noise_at
from gradcheck.differences.plateau import plateau
from gradcheck.differences.richardson import RUN
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Ray
from gradcheck.probes.point import Site

#: At most so many values a step are averaged.
CROWD = 128

#: A claim so many times steeper than the slope that was found is looked at from nearby: with steps that many powers of
#: two shorter than the distance in which the loss has to change, for which this part of a mantissa is left.
STEEP, NEAREST, FINEST = 4.0, 6, 0.8

#: A change is clear if it is so many times the noise; what a look at it from nearby may cost.
CLEAR, DEAR = 64.0, 40

#: How far steps of the loss are looked for, in powers of two times the step of the slope, and at most in units of the
#: scale; between which multiples of the gap they explain it; how often an interval is halved, and after how many
#: halvings a change that stays is a jump.
STRIDES, FAR, LESS, MORE, HALVINGS, STAYS = range(4, 40, 3), 16.0, 0.25, 2.5, 28, 10


def patiently(site: Site, ray: Ray, hasty: Comparison) -> Comparison:
    """Measure a slope again where noise hides what would matter: with many values for each step.

    Returns what it was given where so many would be needed that it is not worth while, or more than may be spent.
    """
    best, count = hasty, 1
    while not best.resolved and best.tolerance > 0 and math.isfinite(best.bar):
        goal = 0.75 * best.tolerance
        if best.estimate.error > CROWD * goal:
            break
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


def in_steps(site: Site, ray: Ray, found: Comparison) -> bool:
    """Whether the loss goes in steps along a ray that explain, in part at least, why claim and slope differ.

    On the treads of a staircase the slope is not that of the curve it stands for: the logarithm of what rounding leaves
    of one minus a probability near one, say. Beyond the steps of the slope the loss has to leave its line by what the
    claim says, and to do so in jumps. A jump is told from a bend by halving: it stays.
    """
    strides = [step for k in STRIDES if (step := math.ldexp(found.estimate.step, k)) <= FAR]
    for step in strides:
        if site.effort.left < DEAR:
            break
        ends = (step, -step)
        sides = [
            (rest / (found.gap * end), end, rest)
            for rest, end in zip(_rests(site, ray, found, ends), ends, strict=True)
            if math.isfinite(rest)
        ]
        if sides and LESS < sum(part for part, _, _ in sides) / len(sides) < MORE:
            part, end, rest = max(sides)
            if part > 0 and _jumps(site, ray, found, (0.0, end), (0.0, rest)):
                return True
    return False


def _least(site: Site, found: Comparison, length: float) -> float:
    """What the loss has to do beside following its slope to explain part of a gap."""
    return max(LESS * abs(found.gap * length), CLEAR * site.noise)


def _jumps(site: Site, ray: Ray, found: Comparison, ends: tuple[float, float], rests: tuple[float, float]) -> bool:
    """Whether a change ends as a jump, of the same height in ever shorter intervals, when the larger half is taken."""
    (a, b), (low, high) = ends, rests
    heights = [abs(high - low)]
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        (rest,) = _rests(site, ray, found, [middle])
        if abs(rest - low) > abs(high - rest):
            b, high = middle, rest
        else:
            a, low = middle, rest
        heights.append(abs(high - low))
        if not heights[-1] > _least(site, found, b - a):
            return False
        if len(heights) > STAYS and heights[-1] > heights[-1 - STAYS] / 2:
            return heights[-1] < 2 * heights[-1 - STAYS]  # a pole grows
    return False


def _rests(site: Site, ray: Ray, found: Comparison, steps: Sequence[float]) -> list[float]:
    """What the loss does beside following the slope that was found."""
    values = ray(steps)
    return [value - site.value - found.estimate.value * step for value, step in zip(values, steps, strict=True)]


def proof(site: Site, ray: Ray, found: Comparison) -> Comparison:
    """Measure the slope along a fresh ray to a standard that a claim may be called wrong by.

    `found` is what led here: it says which steps to take.
    """
    exponent = math.frexp(found.estimate.step)[1] - 1
    estimate = plateau(ray, noise=site.noise, centre=site.value, exponent=exponent, budget=site.effort.left)
    return site.compared(ray, estimate, zero=found.zero)
