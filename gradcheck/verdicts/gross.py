"""A claim that is off by a good part of the slope, where the slope is beyond doubt: a sign, a half, a double."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from gradcheck.differences.estimate import Status
from gradcheck.differences.richardson import RichardsonTable
from gradcheck.probes.cancellation import is_cancellation
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, Screening
from gradcheck.probes.settings import PROBES
from gradcheck.verdicts.settings import VERDICTS


def is_grossly_wrong(block: int, screening: Screening, iterates: Callable[[], bool] = lambda: False) -> bool:
    """Whether a gap is proved by the least that proves one: central differences at steps far apart all show it.

    A kink closer than the shortest of them would show as a bend over it; the treads of a staircase, up to the longest,
    as differences that do not agree. False says nothing: more has to be measured.

    Parameters
    ----------
    block : int
    screening : Screening
        Of this block alone.
    iterates : callable
        Whether there is known to be a solver in the loss, whose tolerance may make a larger gap than usual.
    """
    prober, found = screening.prober, screening.comparison
    noise = prober.data.noise
    if screening.agreement is not Agreement.DISAGREES or found.zero or is_cancellation(prober, block, found):
        return False
    if noise.loud or noise.stepped or noise.constant or not noise.steady:
        return False
    plain = prober.again(data=replace(prober.data, even=False))  # entries that matter little may be off by much
    for _ in range(VERDICTS.gross_lines):
        line = plain.line([block])
        found = plain.measure(line, brief=True)
        if _is_gross(found, iterates):
            break
    steep = abs(found.claimed) > PROBES.steep * (abs(found.estimate.value) + found.norm)
    return _is_gross(found, iterates) and not steep and _lasts(prober, line, found)


def _is_gross(found: Comparison, iterates: Callable[[], bool]) -> bool:
    """Whether a gap is clear, and larger than that of a solver, whichever way the line runs."""
    part = abs(found.gap) / found.norm if found.norm > 0 else 0.0
    relative = abs(found.gap) / max(abs(found.claimed), abs(found.estimate.value))
    large = part > 2 * VERDICTS.solver_part and relative > VERDICTS.gross_part and not iterates()
    return (
        (part > VERDICTS.gross_part or large)
        and found.estimate.status is Status.CONVERGED
        and found.clearness >= VERDICTS.gross_clearness
    )


def _lasts(prober: Prober, line: Line, found: Comparison) -> bool:
    """Whether much shorter and much longer steps show the slope that was found."""
    exponent = math.frexp(found.estimate.step)[1] - 1
    short = exponent - VERDICTS.gross_shrink
    long = min(exponent + VERDICTS.gross_stretch, math.frexp(PROBES.stride_limit)[1] - 1)
    exponents = [short, short + 1, *([long] if long >= exponent + PROBES.strides[0] else [])]
    smallest, largest = prober.policy.limits
    if short < smallest or long > largest or prober.evaluator.left < 2 * len(exponents):
        return False
    table = RichardsonTable(line, prober.data.value, prober.data.noise.level)
    if not table.reach(exponents):
        return False
    allowed = VERDICTS.repeat_part * abs(found.gap)
    slopes = [table.central(k) for k in exponents]
    return abs(table.one_sided_gap(short)) <= allowed and all(
        abs(slope - found.estimate.value) <= allowed for slope in slopes
    )
