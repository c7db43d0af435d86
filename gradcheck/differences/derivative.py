"""The derivative of a function of one real number: which steps to try, and when to stop."""

from __future__ import annotations

import math
from dataclasses import replace

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.differences.richardson import Extrapolated, Function, Reading, RichardsonTable
from gradcheck.differences.settings import EPSILON, STEPS


def differentiate(
    function: Function,
    *,
    noise: float,
    centre: float | None = None,
    target: float = 0.0,
    start: int = -12,
    smallest: int = STEPS.smallest,
    largest: int = STEPS.largest,
    budget: int = 60,
    brief: bool = False,
) -> Estimate:
    """Derivative of `function` at 0 with an error bar.

    Central differences at steps h, 2h, 4h, Richardson-extrapolated. Where truncation dominates the bar the table grows
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
    brief : bool
        Whether two steps are enough where they agree to within the target.

    Returns
    -------
    Estimate
    """
    middle = function([0.0])[0] if centre is None else centre
    table = RichardsonTable(function, middle, noise)
    limit = budget - (centre is None)
    first = min(max(start, smallest), largest - STEPS.run + 1)
    found = _from_two_steps(table, first, target) if brief and target > 0 and limit >= 2 * STEPS.run else None
    if found is not None:
        return replace(found, evaluations=table.evaluations + (centre is None), start=start)
    exponent = _first_run(table, first, smallest, limit)
    if exponent is None:
        spent = table.evaluations + (centre is None)
        nan = math.nan
        status = Status.NOT_FINITE if table.evaluations else Status.SPENT
        return Estimate(nan, math.inf, status, nan, nan, math.inf, nan, noise, spent, start, 0.0)
    low = high = exponent
    while True:
        reading = table.read(low, high)
        if reading.best.error <= target or reading.kink:  # what one-sided slopes differ by is part of the error
            break
        step = _next(table, reading, low, smallest, largest)
        if step is None or table.evaluations + 2 * STEPS.run > limit:
            break
        if table.reach(range(step, step + STEPS.run)):
            low, high = min(low, step), max(high, step)
        elif step < low:
            break
    return _finish(table, reading, target, table.evaluations + (centre is None), start)


def _from_two_steps(table: RichardsonTable, exponent: int, target: float) -> Estimate | None:
    """The slope from steps h and 2h; None where they differ by more than the target, or not all values are finite.

    Two steps do not show at which rate differences shrink. So the bar holds the whole difference, which is three times
    the truncation left at h, and all that one-sided slopes differ by.
    """
    if not table.reach((exponent, exponent + 1)):
        return None
    value, coarse = table.central(exponent), table.central(exponent + 1)
    roundoff = math.ldexp(table.noise_at(exponent), -exponent)
    error = abs(coarse - value) + roundoff + abs(table.one_sided_gap(exponent))
    if not error <= target:
        return None
    error += _rounding_of_point(table, exponent)
    step, noise = math.ldexp(1.0, exponent), table.noise_at(exponent)
    seen = table.differences()
    return Estimate(value, error, Status.CONVERGED, value, value, error, step, noise, 0, exponent, table.rise(), seen)


def _rounding_of_point(table: RichardsonTable, exponent: int) -> float:
    """What rounding of the point makes: its slope is known to the rounding times the curvature, at any noise."""
    return STEPS.curvature_roundings * EPSILON * abs(table.curvature(exponent))


def _first_run(table: RichardsonTable, start: int, smallest: int, limit: int) -> int | None:
    """Exponent of the first three levels whose values are all finite: the step shrinks until they are."""
    exponent = start
    while exponent >= smallest and table.evaluations + 2 * STEPS.run <= limit:
        if table.reach(range(exponent, exponent + STEPS.run)):
            return exponent
        exponent -= 2 if table.finite(exponent) else STEPS.shrink
    return None


def _next(table: RichardsonTable, reading: Reading, low: int, smallest: int, largest: int) -> int | None:
    """Start of the run to try next, or None where no step would help.

    Where the differences behave, the error of each run is predicted from the best one; else the step shrinks blindly.
    """
    best, sides = reading.best, reading.sides
    if sides.seen or (best.order == 0 and best.truncation > best.roundoff):
        roundoff = math.ldexp(best.roundoff, best.exponent - low + STEPS.shrink)
        return low - STEPS.shrink if low - STEPS.shrink >= smallest and (sides.seen or roundoff < best.error) else None
    near = range(best.exponent - STEPS.shrink, best.exponent + STEPS.shrink)
    fresh = table.fresh_runs(k for k in near if smallest <= k <= largest - STEPS.run + 1)
    chosen = min(fresh, key=lambda k: _predicted(best, k), default=None)
    return chosen if chosen is not None and _predicted(best, chosen) < STEPS.gain * best.error else None


def _predicted(best: Extrapolated, exponent: int) -> float:
    """Error to be expected of a run: round-off falls with the step, truncation grows with its power."""
    longer = exponent - best.exponent
    roundoff = math.ldexp(best.roundoff, -longer)
    if best.truncation <= best.roundoff and longer > 0:
        # What shows as truncation is noise. One level more is safe, farther ones less so.
        return roundoff * (1 + STEPS.caution * (longer - 1))
    return roundoff + math.ldexp(best.truncation, best.order * longer)


def _finish(table: RichardsonTable, reading: Reading, target: float, evaluations: int, start: int) -> Estimate:
    best, sides, kink = reading.best, reading.sides, reading.kink
    if kink:
        status = Status.KINK
    elif best.error <= target or (
        target == 0.0 and not sides.seen and best.truncation <= STEPS.converged * best.roundoff
    ):
        status = Status.CONVERGED
    else:
        status = Status.NOISY if best.roundoff >= best.truncation else Status.ROUGH
    floor = _rounding_of_point(table, best.exponent)
    half = 0.5 * (sides.right - sides.left) if kink else 0.0
    return Estimate(
        value=best.value,
        error=best.error + floor,
        status=status,
        left=best.value - half,
        right=best.value + half,
        side_error=best.truncation + best.roundoff + floor + (0.5 * sides.error if kink else best.width),
        step=math.ldexp(1.0, best.exponent),
        noise=table.noise_at(best.exponent),
        evaluations=evaluations,
        start=start,
        rise=table.rise(),
        differences=table.differences(),
    )
