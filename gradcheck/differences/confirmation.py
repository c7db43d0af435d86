"""A confirmed derivative: three successively longer steps must agree on it (a step-independence test).

The error bar of a Richardson table trusts the rate at which differences shrink. Where noise forbids short steps, and
the function has kinks within the long ones, differences wander and can seem to shrink at that rate for a while. A
derivative that has been reached stays where it is when the steps grow. So the bar here holds all of the wandering over
two doublings, half of the gap between the one-sided derivatives, and whatever the differences over shorter steps, with
their noise, contradict.
"""

from __future__ import annotations

import itertools
import math

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.differences.richardson import Function, OneSided, RichardsonTable
from gradcheck.differences.settings import CONFIRMATION, STEPS


def confirmed_derivative(
    function: Function, *, noise: float, centre: float, exponent: int, budget: int = 2 * CONFIRMATION.steps
) -> Estimate:
    """Derivative of `function` at 0 that three successive step lengths agree on, as far as they agree.

    Parameters
    ----------
    function : callable
        Takes several steps at once and returns the values there.
    noise : float
        Bound on the error of one value.
    centre : float
        The value at 0.
    exponent : int
        Exponent of two of the step that found the derivative.
    budget : int
        Function values that may be spent.

    Returns
    -------
    Estimate
        Its error is infinite where no three steps have finite values.
    """
    table = RichardsonTable(function, centre, noise)
    first = exponent - CONFIRMATION.below
    wanted = range(first, first + min(CONFIRMATION.steps, budget // 2))
    table.reach(wanted)
    levels = list(itertools.takewhile(table.finite, wanted))
    row = plain = [table.central(k) for k in levels]
    weight = noises = [table.noise_at(k) * math.ldexp(1.0, -k) for k in levels]
    regular = table.regular(row, weight)
    gaps = [_one_sided_gap(table.one_sided(k)) for k in levels[: len(levels) - STEPS.run + 1]]
    value, error, step = math.nan, math.inf, first
    for order in range(CONFIRMATION.orders + 1):
        for i in range(len(row) - STEPS.run + 1):
            if order and not all(regular[i : i + order + 1]):
                continue
            bar = weight[i] + max(row[i : i + STEPS.run]) - min(row[i : i + STEPS.run]) + gaps[i]
            bar += max(0.0, max((abs(plain[k] - row[i]) - noises[k] - bar for k in range(i)), default=0.0))
            if bar < error:
                value, error, step = row[i], bar, levels[i]
        factor = 4.0 ** (order + 1)
        row = [(factor * a - b) / (factor - 1) for a, b in itertools.pairwise(row)]
        weight = [(factor * a + b) / (factor - 1) for a, b in itertools.pairwise(weight)]
    status = Status.CONVERGED if math.isfinite(error) else Status.NOT_FINITE
    return Estimate(
        value,
        error,
        status,
        left=value,
        right=value,
        side_error=error,
        step=math.ldexp(1.0, step),
        noise=noise,
        evaluations=table.evaluations,
        start=first,
        rise=0.0,
        differences=table.differences(),
    )


def _one_sided_gap(sides: OneSided) -> float:
    """Half of the gap between the one-sided derivatives: a kink nearer than the step can hide in it."""
    return 0.5 * (abs(sides.right - sides.left) + sides.error)
