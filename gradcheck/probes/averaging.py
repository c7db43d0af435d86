"""A slope measured again where noise hides what would matter: with many values for each step."""

from __future__ import annotations

import math
from dataclasses import replace

from gradcheck.differences.averaged import Averaged
from gradcheck.differences.derivative import differentiate
from gradcheck.differences.estimate import Estimate
from gradcheck.differences.settings import CONFIRMATION, STEPS
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES


def averaged(prober: Prober, line: Line, hasty: Comparison) -> Comparison:
    """Measure a slope again with more and more values for each step, until it is resolved.

    Returns the best comparison so far where too many values would be needed, or more than may be spent.
    """
    best, count, most = hasty, 1, PROBES.averaged_most
    while not best.resolved and best.tolerance > 0 and math.isfinite(best.error_bar):
        goal = PROBES.target * best.tolerance
        excess = min(best.estimate.error / goal, 2.0 * most)
        wanted = count * excess**2  # to halve the noise takes four times the values
        count = max(CONFIRMATION.fewest_averaged, 2 * count, 2 ** math.ceil(math.log2(min(wanted, 2.0 * most))))
        if count > most or count * (2 * STEPS.run + 3) > prober.evaluator.left:
            break
        found = _estimate(prober, line, count, best.estimate.step, goal)
        if not found.error < best.estimate.error:
            break
        best = replace(best, estimate=found)
    return best


def _estimate(prober: Prober, line: Line, count: int, step: float, goal: float) -> Estimate:
    function = Averaged(line, prober.data.value, count)
    start = math.frexp(step)[1] - 2
    return differentiate(
        function,
        noise=function.noise(math.ldexp(1.0, start)),
        centre=function.centre(math.ldexp(1.0, 1 - prober.policy.bits)),
        target=goal,
        start=start,
        smallest=start - STEPS.shrink,
        largest=prober.policy.largest - 1,
        budget=min(prober.evaluator.left // (2 * count), PROBES.averaged_cost),
    )
