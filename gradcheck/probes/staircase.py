"""Does a loss that is a staircase explain why the claimed and the measured slope differ?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from gradcheck.differences.noise import rounding_of
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES


def is_staircase(prober: Prober, line: Line, found: Comparison) -> bool:
    """Whether jumps of the loss along a line explain, in part at least, the gap between claimed and measured slope.

    On the treads of a staircase the slope is not that of the curve that the staircase approximates: the logarithm of
    what rounding leaves of one minus a probability near one, for example. Beyond the steps of the slope, the loss must
    leave its tangent by what the claim says, and must do so in jumps, one after the other: a guard, a clip or a pole at
    some distance is one jump. Halving tells a jump from a bend: a jump keeps its height.
    """
    gap, (least, most) = found.gap, PROBES.explained
    strides = [math.ldexp(found.estimate.step, k) for k in PROBES.strides]
    for step in (step for step in strides if step <= PROBES.stride_limit):
        if prober.evaluator.left < PROBES.detail_cost:
            break
        ends = (step, -step)
        sides = [
            (departure / (gap * end), end, departure)
            for departure, end in zip(_departures(prober, line, found, ends), ends, strict=True)
            if math.isfinite(departure)
        ]
        parts = [part for part, _, _ in sides]
        # On a staircase neither side runs away: a wall, a clip or a pole on one side is not made up for by the other.
        plausible = all(-least < part < 2 * most for part in parts)
        if parts and plausible and least < sum(parts) / len(parts) < most:
            part, end, departure = max(sides)
            if part > 0 and _jump(prober, line, found, (0.0, end), (0.0, departure)):
                return _goes_on(prober, line, found, end, departure)
    return False


def _goes_on(prober: Prober, line: Line, found: Comparison, end: float, departure: float) -> bool:
    """Whether jumps of the loss explain the gap beyond the first of them as well."""
    least, most = PROBES.explained
    for times in PROBES.next_treads:
        far, (near, before) = times * end, (end, departure) if times > 0 else (0.0, 0.0)
        (beyond,) = _departures(prober, line, found, [far])
        part = (beyond - before) / (found.gap * (far - near))
        if least < part < most and _jump(prober, line, found, (near, far), (before, beyond)):
            return True
    return False


def jumps_repeatedly(prober: Prober, line: Line, found: Comparison) -> bool:
    """Whether the loss jumps more than once, each time by a good part of what the gap makes on the way there.

    An integrator that takes other steps when the parameters change a little gives such a loss. Between the jumps it is
    smooth, but off by about as much as it jumps by, and so is its slope. Unlike the treads of a staircase, jumps need
    not make up for it.
    """
    jumps = 0
    for side in (1.0, -1.0):
        if prober.evaluator.left < PROBES.detail_cost + len(PROBES.jump_strides):
            break
        places = [0.0, *(side * math.ldexp(PROBES.stride_limit, -k) for k in PROBES.jump_strides)]
        departures = [0.0, *_departures(prober, line, found, places[1:])]
        for (a, b), (low, high) in zip(itertools.pairwise(places), itertools.pairwise(departures), strict=True):
            least = PROBES.explained[0] * abs(found.gap * b)
            if abs(high - low) > least and prober.evaluator.left >= PROBES.detail_cost:
                jumps += _jump(prober, line, found, (a, b), (low, high)) > least
            if jumps > 1:
                return True
    return False


def is_constant_nearby(prober: Prober, line: Line, found: Comparison) -> bool:
    """Whether the loss has exactly one value close to the point, where the measured slope says that it changes.

    Then the point lies on a tread, and the slope is that of the whole staircase. A loss that is given to a few decimal
    digits alone, as a printed one, is a rounded curve and no staircase.
    """
    value, slope = prober.data.value, abs(found.estimate.value)
    exponent = math.frexp(PROBES.clear * rounding_of(value) / slope)[1] if slope > 0 else 0
    step = math.ldexp(1.0, max(exponent, PROBES.shortest_tread, PROBES.moving_bits - prober.data.mantissa))
    if not step < found.estimate.step or any(near != value for near in line((step, -step))):
        return False
    far = line([math.ldexp(found.estimate.step, -k) for k in PROBES.digits_at])
    return any(float(f"{v:.{PROBES.digits}g}") != v for v in (value, *far) if math.isfinite(v))


def _departures(prober: Prober, line: Line, found: Comparison, steps: Sequence[float]) -> list[float]:
    """How far the loss is from its tangent at several steps."""
    values = line(steps)
    return [value - prober.data.value - found.estimate.value * step for value, step in zip(values, steps, strict=True)]


def _jump(
    prober: Prober, line: Line, found: Comparison, ends: tuple[float, float], departures: tuple[float, float]
) -> float:
    """The height that a change keeps in ever shorter intervals, when the half with the larger part is taken; else 0."""
    (a, b), (low, high) = ends, departures
    gap, heights = found.gap, [abs(high - low)]
    lasting = PROBES.lasting_halvings
    for _ in range(PROBES.halvings):
        middle = (a + b) / 2
        (departure,) = _departures(prober, line, found, [middle])
        if abs(departure - low) > abs(high - departure):
            b, high = middle, departure
        else:
            a, low = middle, departure
        heights.append(abs(high - low))
        explaining = max(PROBES.explained[0] * abs(gap * (b - a)), PROBES.clear * prober.data.noise.level)
        if not heights[-1] > explaining:
            return 0.0
        if len(heights) > lasting and heights[-1] > heights[-1 - lasting] / 2:
            return heights[-1] if heights[-1] < 2 * heights[-1 - lasting] else 0.0  # a pole grows
    return 0.0
