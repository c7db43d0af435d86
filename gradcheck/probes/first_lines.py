"""The first lines through a point, in one round of evaluations: their values show slopes, and the noise of the loss.

Noise is measured once more, on a line of its own, where these values do not settle it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradcheck.differences.noise import noise_of, rounding_of
from gradcheck.differences.settings import EPSILON, NOISE, STEPS
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES


@dataclass(frozen=True, slots=True)
class FirstLines:
    """Lines through a point whose noise was not known, evaluated at the steps that their slopes need.

    Attributes
    ----------
    prober : Prober
        One that knows the noise, and where those steps start.
    lines : tuple of Line
        With the values that are known along them.
    """

    prober: Prober
    lines: tuple[Line, ...]


def first_lines(prober: Prober, blocks: Sequence[int], count: int) -> FirstLines | None:
    """Evaluate the loss along lines through some blocks, and take its noise from the first of them.

    Parameters
    ----------
    prober : Prober
        One that does not know the noise.
    blocks : sequence of int
        None with a claim of zero.
    count : int
        How many lines. Those after the first are evaluated at two steps.

    Returns
    -------
    FirstLines or None
        None where the values show more noise than rounding explains, or the loss itself: then a table of closer or
        wider spacings is needed. None also where steps have to be multiples of the smallest one.
    """
    data = prober.data
    usable = data.noise.steady and -prober.policy.bits <= NOISE.spacing and not any(data.zero[b] for b in blocks)
    lines = [prober.line(blocks) for _ in range(count if usable else 0)]
    if not lines or not lines[0].claimed.small > 0:
        return None
    start = _start(prober, lines[0])
    steps = [_steps(start, first=line is lines[0]) for line in lines]
    chosen = [(line.direction, step) for line, some in zip(lines, steps, strict=True) for step in some]
    if prober.evaluator.left < len(chosen):
        return None
    values = iter(prober.evaluator.losses_at(data.point, chosen))
    known = [{step: next(values) for step in some} for some in steps]
    table = sorted((known[0] | {0.0: data.value}).items())
    if not all(math.isfinite(value) for _, value in table):
        return None
    noise = noise_of([value for _, value in table], [step for step, _ in table])
    if not noise.ordinary or noise.ties:
        return None
    quiet = prober.again(policy=prober.policy.with_start(start))
    if noise.settled:
        level = max(data.noise.level, noise.level, EPSILON * abs(data.value))
        quiet = quiet.with_noise(replace(data.noise, level=level))
    else:  # it is overestimated
        quiet = quiet.with_measured_noise(blocks)
    return FirstLines(quiet, tuple(replace(line, known=some) for line, some in zip(lines, known, strict=True)))


def _start(prober: Prober, line: Line) -> int:
    """Exponent of the first step, for a loss that is only rounded."""
    target = PROBES.target * prober.data.rtol * line.claimed.small
    smallest, largest = prober.policy.limits
    start = prober.policy.first_step(rounding_of(prober.data.value), target)
    return min(max(start, smallest), largest - STEPS.run + 1)


def _steps(start: int, *, first: bool) -> list[float]:
    """Steps of one run, and others at unequal distances; along a line that only confirms, those of two levels."""
    levels = range(start, start + (STEPS.run if first else 2))
    run = [math.ldexp(sign, level) for level in levels for sign in (1.0, -1.0)]
    return run + [math.ldexp(place, start) for place in PROBES.between if first]
