"""The slope of a function of one real number: which steps to try, and when to stop."""

from __future__ import annotations

import math
from dataclasses import replace

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.differences.noise import EPSILON
from gradcheck.differences.richardson import RUN, Function, Jump, Ladder, Slope

#: Exponents of the smallest and largest step, in units of the scale of the parameters. A loss may be smooth far beyond
#: that scale: a network that starts from weights of size 0.01 is.
SMALLEST, LARGEST = -30, 7

#: Roundings of the point that the slope is allowed to be off by.
CONDITION = 8.0

#: Where the function is rough the step shrinks by this many powers of two at once.
SHRINK = 4


def differentiate(
    function: Function,
    *,
    noise: float,
    centre: float | None = None,
    target: float = 0.0,
    start: int = -12,
    smallest: int = SMALLEST,
    largest: int = LARGEST,
    budget: int = 60,
) -> Estimate:
    """Slope of `function` at 0 with an error bar.

    Central differences at steps h, 2h, 4h, Richardson-extrapolated. Where truncation dominates the bar the ladder grows
    downward, where noise dominates upward; it stops when the bar is at most `target`, or no step would make it smaller.
    The claim that the slope will be compared with is not an argument, so that no step can be chosen by agreement.

    Parameters
    ----------
    function : callable
        Takes several steps at once (of order 1 at the scale of the parameters) and returns the values there.
    noise : float
        Bound on the error of one value.
    centre : float, optional
        The value at 0 if it is known.
    target : float
        The bar to reach, in units of the slope. With 0 the best bar is sought.
    start : int
        Exponent of two of the first step.
    smallest, largest : int
        Exponents of the smallest and the largest step that may be taken.
    budget : int
        Function values that may be spent.

    Returns
    -------
    Estimate
    """
    middle = function([0.0])[0] if centre is None else centre
    ladder = Ladder(function, middle, noise)
    limit = budget - (centre is None)
    exponent = _first_run(ladder, min(max(start, smallest), largest - RUN + 1), smallest, limit)
    if exponent is None:
        spent = ladder.evaluations + (centre is None)
        nan = math.nan
        status = Status.NOT_FINITE if ladder.evaluations else Status.SPENT
        return Estimate(nan, math.inf, status, nan, nan, math.inf, nan, noise, spent, start, 0.0)
    low = high = exponent
    while True:
        best = _best(ladder, low, high)
        jump = ladder.jump(best.exponent)
        if best.error <= target or _lasting(ladder, low):  # what one-sided slopes differ by is part of the error
            break
        step = _next(ladder, best, jump, low, smallest, largest)
        if step is None or ladder.evaluations + 2 * RUN > limit:
            break
        if ladder.reach(range(step, step + RUN)):
            low, high = min(low, step), max(high, step)
        elif step < low:
            break
    return _finish(ladder, best, jump, _lasting(ladder, low), target, ladder.evaluations + (centre is None), start)


def _first_run(ladder: Ladder, start: int, smallest: int, limit: int) -> int | None:
    """Exponent of the first three levels whose values are all finite: the step shrinks until they are."""
    exponent = start
    while exponent >= smallest and ladder.evaluations + 2 * RUN <= limit:
        if ladder.reach(range(exponent, exponent + RUN)):
            return exponent
        exponent -= 2 if ladder.finite(exponent) else SHRINK
    return None


def _best(ladder: Ladder, low: int, high: int) -> Slope:
    """The slope with the smallest bar; where the one-sided slopes differ, their difference is part of the bar."""
    found = []
    for k in range(low, high + 1):
        if ladder.run(k):
            jump = ladder.jump(k)
            found += ladder.slopes(k, width=abs(jump.right - jump.left) if jump.seen else 0.0)
    best = min(found, key=lambda slope: slope.error)
    apart = _contradiction(best, found)
    return replace(best, truncation=best.truncation + apart) if apart else best


def _contradiction(best: Slope, found: list[Slope]) -> float:
    """How far the best slope is from the interval of another that claims to be regular, from steps of similar length.

    A bar can be small by luck, where kinks make the differences wander; two bars that do not meet give it away.
    """
    rivals = [slope for slope in found if slope.order and abs(slope.exponent - best.exponent) <= SHRINK]
    return max((max(abs(slope.value - best.value) - slope.error - best.error, 0.0) for slope in rivals), default=0.0)


def _lasting(ladder: Ladder, low: int) -> bool:
    """Whether the jump at the smallest steps is the same as at steps 16 times larger: then it is at 0 itself."""
    if not (ladder.run(low) and ladder.run(low + SHRINK)):
        return False
    fine, coarse = ladder.jump(low), ladder.jump(low + SHRINK)
    if min(abs(jump.right - jump.left) - 2 * jump.error for jump in (fine, coarse)) <= 0:
        return False
    difference = abs((fine.right - fine.left) - (coarse.right - coarse.left))
    return difference <= fine.error + coarse.error + 1e-3 * abs(coarse.right - coarse.left)


def _next(ladder: Ladder, best: Slope, jump: Jump, low: int, smallest: int, largest: int) -> int | None:
    """Start of the run to try next, or None where no step would help.

    Where the differences behave, the error of each run is predicted from the best one; else the step shrinks blindly.
    """
    if jump.seen or (best.order == 0 and best.truncation > best.roundoff):
        roundoff = math.ldexp(best.roundoff, best.exponent - low + SHRINK)
        return low - SHRINK if low - SHRINK >= smallest and (jump.seen or roundoff < best.error) else None
    fresh = [k for k in range(best.exponent - SHRINK, best.exponent + SHRINK) if not ladder.run(k)]
    fresh = [k for k in fresh if smallest <= k <= largest - RUN + 1 and not ladder.beyond(k + RUN - 1)]
    chosen = min(fresh, key=lambda k: _predicted(best, k), default=None)
    return chosen if chosen is not None and _predicted(best, chosen) < 0.75 * best.error else None


def _predicted(best: Slope, exponent: int) -> float:
    """Error to be expected of a run: round-off falls with the step, truncation grows with its power."""
    longer = exponent - best.exponent
    roundoff = math.ldexp(best.roundoff, -longer)
    if best.truncation <= best.roundoff and longer > 0:
        # What shows as truncation is noise. One level more is safe, farther ones less so.
        return roundoff * (1 + 0.6 * (longer - 1))
    return roundoff + math.ldexp(best.truncation, best.order * longer)


def _finish(
    ladder: Ladder, best: Slope, jump: Jump, lasting: bool, target: float, evaluations: int, start: int
) -> Estimate:
    if lasting:
        status = Status.KINK
    elif best.error <= target or (target == 0.0 and not jump.seen and best.truncation <= 4 * best.roundoff):
        status = Status.CONVERGED
    else:
        status = Status.NOISY if best.roundoff >= best.truncation else Status.ROUGH
    # The slope at a point that is rounded is known to the rounding times the curvature, however small the values are.
    floor = CONDITION * EPSILON * abs(ladder.curvature(best.exponent))
    half = 0.5 * (jump.right - jump.left) if lasting else 0.0
    return Estimate(
        value=best.value,
        error=best.error + floor,
        status=status,
        left=best.value - half,
        right=best.value + half,
        side_error=best.truncation + best.roundoff + floor + (0.5 * jump.error if lasting else best.width),
        step=math.ldexp(1.0, best.exponent),
        noise=ladder.noise_at(best.exponent),
        evaluations=evaluations,
        start=start,
        rise=ladder.rise(),
    )
