"""The secant test: the slope of a secant is the mean of the slopes along it, however the loss bends in between.

Where kinks lie closer to the point than steps can be, because noise forbids shorter ones, a measured slope is that of a
longer stretch. A gradient that is right at the point differs from it, and the claims along the stretch differ from one
another. Their mean does not (mean value theorem). A gradient that is wrong is wrong along the way as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradcheck.differences.settings import EPSILON, STEPS
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.tracebacks import pass_on_signal


def agrees_on_average(prober: Prober, line: Line, found: Comparison) -> bool:
    """Whether the mean of the claims along secants of the loss is the slope of the secants.

    Then a gap at the point itself proves nothing: the loss bends within the steps that its slope was measured by.

    Parameters
    ----------
    prober : Prober
    line : Line
        Through the point.
    found : Comparison
        Of the claim at the point with the slope measured along this line. Its step says how long the secants are.

    Returns
    -------
    bool
        False if a secant proves otherwise. False also if the claim is noisy itself, another at each call or rounded to
        a type narrower than its own, for then it is its noise that has a mean of zero; and if no claim can be computed
        along the way. Claims that are not finite there prove nothing.
    """
    again = prober.claimed_beside(line, 0.0)
    if again is None or abs(again - found.claimed) > found.error_bar or _narrowed(prober, line):
        return False
    seen = raised = False
    for half in _lengths(prober, found):
        if prober.evaluator.left < 2:
            break
        ends = line([half, -half])
        if not all(map(math.isfinite, ends)):
            continue
        secant = _compared(prober, line, found, half, ends)
        if not math.isfinite(secant.claimed):  # the gradient has a smaller domain than the loss, or none but the point
            raised |= not _is_computed(prober, line, 0.5 * half)
            continue
        if secant.proves:
            return False
        seen = True
    return seen or not raised


def _is_computed(prober: Prober, line: Line, step: float) -> bool:
    """Whether there is a gradient at all at some offset, even one that is not finite."""
    space, data = prober.subject.space, prober.data
    try:
        prober.evaluator.gradient(prober.subject.representable(space.step(data.point, line.direction, step)))
    except Exception as error:
        pass_on_signal(error)
        return False
    return True


def _narrowed(prober: Prober, line: Line) -> bool:
    """Whether the claim for a block that moves has been rounded to a type narrower than its own."""
    space, claims = prober.subject.space, prober.data.claim
    moved = [claims[b] for b in space.moved(line.direction) if not space.is_zero(claims[b])]
    bits = PROBES.single_bits
    return any(space.mantissa(g) > bits and space.has_few_bits(g, bits) for g in moved)


def _lengths(prober: Prober, found: Comparison) -> Iterator[float]:
    """Halves of secants, from the longest step of the slope to the shortest in which noise leaves the gap visible."""
    noise = PROBES.secant_noise * prober.data.noise.level
    shortest = max(2 * PROBES.proof * noise / abs(found.gap), math.ldexp(1.0, -prober.policy.bits))
    half = math.ldexp(found.estimate.step, STEPS.run - 1)
    while half > shortest:
        yield half
        half /= PROBES.secant_shorter
    yield math.ldexp(1.0, math.frexp(shortest)[1])


def _compared(prober: Prober, line: Line, found: Comparison, half: float, ends: Sequence[float]) -> Comparison:
    """The mean of the claims between -half and half against the slope of the loss, from its values at both ends.

    Claims at opposite places are averaged first. Then none is at the point, where a kink may be, and what the curvature
    of the loss makes cancels: it would hide from the error of the quadrature what kinks make.
    """
    from scipy.integrate import quad_vec

    def claimed(t: float) -> float:
        slopes = [prober.claimed_beside(line, side * half * t) for side in (1.0, -1.0)]
        return math.nan if None in slopes else sum(0.5 * slope for slope in slopes if slope is not None)

    noise = PROBES.secant_noise * max(prober.data.noise.level, EPSILON * max(map(abs, ends)))
    mean, error = quad_vec(claimed, 0.0, 1.0, limit=1, quadrature="gk15")
    bar = noise / half + float(error)
    secant = replace(found.estimate, value=(ends[0] - ends[1]) / (2 * half), error=bar)
    return replace(found, claimed=float(mean), estimate=secant)
