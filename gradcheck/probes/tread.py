"""How high are the treads of a loss that keeps its very value over steps that should show what it changes by?

Such a loss may be constant, and then a claim of another slope is wrong; or its values or its parameters are rounded to
a grid, so that it stays on one tread of a staircase while the curve below it moves. Short steps cannot tell the two
apart. Longer ones can: what leaves its value by a jump is on a grid, and is known to the height of the jump.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from gradcheck.differences.noise import rounding_of
from gradcheck.differences.settings import EPSILON, NOISE
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES


def over_treads(prober: Prober, line: Line, found: Comparison) -> Prober | None:
    """A prober that takes the loss to be known to the height of its treads, if the point is on one.

    Its steps reach over as many treads as it takes to see the slope of the curve below them.

    Parameters
    ----------
    prober : Prober
    line : Line
    found : Comparison
        Of the claim with the slope along the line.

    Returns
    -------
    Prober or None
        None where the loss moves over the least step that shows the gap, where it leaves its value gradually, or by
        less than would explain the gap.
    """
    height = _tread_height(prober, line, found)
    if height <= prober.data.noise.level:
        return None
    return prober.with_noise(replace(prober.data.noise, level=height, loud=True))


def keeps_value(prober: Prober, line: Line, found: Comparison) -> bool:
    """Whether the loss has its very value over the least steps that would show a gap in a loss that is only rounded."""
    step = _clear_step(prober, found)
    return step < math.inf and all(near == prober.data.value for near in line((step, -step)))


def _tread_height(prober: Prober, line: Line, found: Comparison) -> float:
    """Height of the jump by which the loss leaves a value that it keeps over clear steps; 0 if there is none.

    A loss that never leaves a value of few digits may be rounded to any of them, and be as coarse as that value. One
    that is zero wherever it is looked at has no scale, and is taken to be constant.
    """
    value, noise = prober.data.value, prober.data.noise
    if found.zero or not noise.steady or not _affordable(prober) or not keeps_value(prober, line, found):
        return 0.0
    step = _clear_step(prober, found)
    least = max(abs(found.gap) * step / PROBES.proof, noise.level)
    heights = _heights(prober, line, step, least)
    if not heights and len(prober.data.blocks) > 1:  # whatever moves the loss shows the grid of its values
        heights = _heights(prober, prober.line(), step, least)
    if heights:
        return max(heights)
    return abs(value) if _is_short(value) and abs(found.gap) * NOISE.farthest < abs(value) else 0.0


def _clear_step(prober: Prober, found: Comparison) -> float:
    """The least step, up to that of the slope, over which the gap would show in a loss that is only rounded."""
    gap = abs(found.gap)
    exponent = math.frexp(PROBES.clear * rounding_of(prober.data.value) / gap)[1] if gap > 0 else math.inf
    moving = max(exponent, PROBES.shortest_tread, PROBES.moving_bits - prober.data.mantissa)
    return min(math.ldexp(1.0, int(moving)), found.estimate.step) if moving < math.inf else math.inf


def _affordable(prober: Prober) -> bool:
    return prober.evaluator.left >= 2 * PROBES.detail_cost


def _heights(prober: Prober, line: Line, step: float, least: float) -> Sequence[float]:
    """The heights of the jumps, 0 for what is none, to the sides to which a line leaves the value at the point."""
    found = []
    for side in (1.0, -1.0):
        ends = _where_it_leaves(prober, line, side * step)
        if ends is not None and _affordable(prober):
            found.append(_height(prober, line, *ends, least))
    return found


def _where_it_leaves(prober: Prober, line: Line, step: float) -> tuple[float, float, float] | None:
    """A step over which the loss keeps its value, a longer one over which it does not, and by how much it changes.

    None if there is none, or if the loss is not finite there.
    """
    near, far = 0.0, step
    while abs(near) < NOISE.farthest:
        (there,) = line((far,))
        if not math.isfinite(there):
            return None
        if there != prober.data.value:
            return near, far, abs(there - prober.data.value)
        near, far = far, NOISE.stride * far
    return None


def _height(prober: Prober, line: Line, near: float, far: float, change: float, least: float) -> float:
    """The height that a change from the value at the point keeps in ever shorter intervals; 0 for a bend."""
    value, heights = prober.data.value, [change]
    while len(heights) <= PROBES.halvings and heights[-1] > least:
        middle = (near + far) / 2
        (there,) = line((middle,))
        if not math.isfinite(there):
            return 0.0
        near, far = (middle, far) if there == value else (near, middle)
        heights.append(heights[-1] if there == value else abs(there - value))
    lasts = heights[-1] > heights[-1 - PROBES.lasting_halvings] / 2 if len(heights) > PROBES.halvings else False
    return heights[-1] if lasts else 0.0


def _is_short(value: float) -> bool:
    """Whether a value has few digits, decimal or binary: it may be rounded to any of them."""
    return float(f"{value:.{PROBES.digits}g}") == value or rounding_of(value) > EPSILON * abs(value)
