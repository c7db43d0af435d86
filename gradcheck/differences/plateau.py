"""A slope that somebody is accused by: three estimates from ever longer steps that say the same.

The bar of a ladder trusts the rate at which differences shrink. Where noise forbids short steps, and the function has
kinks within the long ones, differences wander and can seem to shrink at that rate for a while. A slope that has been
reached stays where it is when the steps grow; so here the bar holds all of the wandering over two doublings, half of
what the one-sided slopes may differ by, and what the differences over shorter steps, with their noise, contradict.
"""

from __future__ import annotations

import itertools
import math

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.differences.richardson import RUN, Function, Jump, Ladder

#: Levels that are looked at, from so far below the one at which a slope was found.
LEVELS, BELOW = 9, 4

#: Extrapolations are tried up to this order.
ORDERS = 3


def plateau(function: Function, *, noise: float, centre: float, exponent: int, budget: int = 2 * LEVELS) -> Estimate:
    """Slope of `function` at 0 that three successive step lengths agree on, as far as they agree.

    Parameters
    ----------
    function : callable
        Takes several steps at once and returns the values there.
    noise : float
        Bound on the error of one value.
    centre : float
        The value at 0.
    exponent : int
        Of two, of the step at which a slope was found.
    budget : int
        Function values that may be spent.

    Returns
    -------
    Estimate
        Its error is infinite where there is no such thing.
    """
    ladder = Ladder(function, centre, noise)
    first = exponent - BELOW
    wanted = range(first, first + min(LEVELS, budget // 2))
    ladder.reach(wanted)
    levels = list(itertools.takewhile(ladder.finite, wanted))
    row = plain = [ladder.central(k) for k in levels]
    weight = noises = [ladder.noise_at(k) * math.ldexp(1.0, -k) for k in levels]
    regular = ladder.regular(row, weight)
    bends = [_bend(ladder.jump(k)) for k in levels[: len(levels) - RUN + 1]]
    value, error, step = math.nan, math.inf, first
    for order in range(ORDERS + 1):
        for i in range(len(row) - RUN + 1):
            if order and not all(regular[i : i + order + 1]):
                continue
            bar = weight[i] + max(row[i : i + RUN]) - min(row[i : i + RUN]) + bends[i]
            bar += max(0.0, max((abs(plain[k] - row[i]) - noises[k] - bar for k in range(i)), default=0.0))
            if bar < error:
                value, error, step = row[i], bar, levels[i]
        factor = 4.0 ** (order + 1)
        row = [(factor * a - b) / (factor - 1) for a, b in itertools.pairwise(row)]
        weight = [(factor * a + b) / (factor - 1) for a, b in itertools.pairwise(weight)]
    status = Status.CONVERGED if math.isfinite(error) else Status.NOT_FINITE
    return Estimate(
        value, error, status, value, value, error, math.ldexp(1.0, step), noise, ladder.evaluations, first, 0.0
    )


def _bend(jump: Jump) -> float:
    """Half of what the one-sided slopes may differ by: a kink nearer than the step can be hidden between them."""
    return 0.5 * (abs(jump.right - jump.left) + jump.error)
