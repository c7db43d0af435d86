"""The noise level of a function: a bound on the error of one of its values, measured.

The difference table of Moré and Wild, *Estimating Computational Noise*, SIAM J. Sci. Comput. 33 (2011) 1292-1314:
differences of order k of a smooth function vanish like the k-th power of the spacing, those of noise do not. Here the
differences are divided, because the places are not equally spaced: at equal spacing, values that are rounded to a grid
may all have the same error.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradcheck.differences.settings import EPSILON, NOISE


@dataclass(frozen=True, slots=True)
class Noise:
    """A bound on the error of one function value.

    Attributes
    ----------
    level : float
        The bound, in units of the function.
    settled : bool
        Whether three successive orders of differences agree on it. If not, the table still shows the function itself
        (a kink, strong curvature), and `level` is an overestimate.
    ordinary : bool
        Whether it is no more than what rounding explains.
    ties : int
        How many successive values are equal: the spacing is too fine to tell the function from its rounding.
    """

    level: float
    settled: bool
    ordinary: bool
    ties: int

    @property
    def constant(self) -> bool:
        """Whether the values did not change at all."""
        return self.ties == NOISE.beside

    @property
    def flat(self) -> bool:
        """Whether the values hardly changed at all."""
        return self.ties > NOISE.beside // 2


def noise_of(values: Sequence[float], places: Sequence[float] | None = None, *, narrow: bool = False) -> Noise:
    """Noise of the values of a function.

    Parameters
    ----------
    values : sequence of float
        At least seven.
    places : sequence of float, optional
        Where they were taken, in ascending order; at equal distances if not given.
    narrow : bool
        Whether they are known to come from a narrow type.

    Returns
    -------
    Noise
        `NoiseSettings.sigmas` times the standard deviation of the noise.
    """
    at = list(range(len(values))) if places is None else places
    differences = list(values)
    size = max(abs(value) for value in values) or 1.0  # a loss that is zero everywhere has no scale
    floor = max(EPSILON, _granularity(values, narrow)) * size
    deviations: list[float] = []
    changes: list[bool] = []
    for order in range(1, len(values)):
        gaps = [at[i + order] - at[i] for i in range(len(values) - order)]
        differences = [(b - a) / gap for (a, b), gap in zip(itertools.pairwise(differences), gaps, strict=True)]
        parts = [d / _deviation(tuple(at[i : i + order + 1])) for i, d in enumerate(differences)]
        deviations.append(math.hypot(*parts) / math.sqrt(len(parts)))
        changes.append(min(parts) * max(parts) < 0 or max(parts) == min(parts) == 0.0)
    ties = sum(a == b for a, b in itertools.pairwise(values))
    settled = False
    level = max(deviations[-NOISE.orders :])
    for k in range(len(deviations) - NOISE.orders + 1):
        low, high = min(deviations[k : k + NOISE.orders]), max(deviations[k : k + NOISE.orders])
        if changes[k] and (high <= NOISE.agreement * low or high <= floor):
            settled, level = True, deviations[k]
            break
    level = max(NOISE.sigmas * level, floor)
    return Noise(level, settled, ordinary=level <= NOISE.ordinary * floor, ties=ties)


@functools.cache
def _deviation(at: tuple[float, ...]) -> float:
    """Standard deviation of the divided difference of values at some places, each with a deviation of 1.

    The divided difference is the sum of the values over the products of the distances to the other places.
    """
    return math.hypot(*(1 / math.prod(t - other for other in at if other != t) for t in at))


def _granularity(values: Sequence[float], narrow: bool) -> float:
    """A few spacings of the numbers of a narrow type, relative to their size, if all values fit into one; else 0.

    A loss that was computed in float32 or float16 and then converted has values whose mantissas end in zeros.
    """
    if not narrow and len(set(values)) == 1 and math.ldexp(math.frexp(values[0])[0], NOISE.constant_bits).is_integer():
        return 0.0  # a constant such as 3 or 0.5, which fits into any type
    mantissas = [math.frexp(value)[0] for value in values]
    for bits in NOISE.narrow_mantissas:
        if all(math.ldexp(mantissa, bits).is_integer() for mantissa in mantissas):
            return math.ldexp(NOISE.narrow_roundings, -bits)
    return 0.0


def rounding_of(value: float) -> float:
    """Rounding of a value, in the narrowest type that holds it."""
    return max(EPSILON, _granularity([value], narrow=False)) * abs(value)


def measure_noise(
    function: Callable[[Sequence[float]], Sequence[float]],
    centre: float,
    *,
    smallest: int = NOISE.finer[-1],
    first: Noise | None = None,
) -> Noise:
    """Noise of a function around 0.

    Halving the spacing leaves noise unchanged, but shrinks the effect of a kink or of strong curvature.

    Parameters
    ----------
    function : callable
        Takes several steps at once and returns the values there.
    centre : float
        Its value at 0.
    smallest : int
        Exponent of the smallest step that the type of the parameters can take.
    first : Noise, optional
        That at the first spacing, where it is known.

    Returns
    -------
    Noise
    """
    spacing, narrow = max(NOISE.spacing, smallest), smallest > NOISE.spacing
    best = noise_at(function, centre, spacing, narrow) if first is None else first
    if best is not None and best.settled and best.ordinary and not best.flat:
        return best
    coarser = best is not None and best.flat
    for exponent in NOISE.coarser if coarser else NOISE.finer:
        if exponent < smallest or (coarser and exponent <= spacing):
            continue
        found = noise_at(function, centre, exponent, narrow)
        if found is None or (found.ties and not coarser):
            continue
        if best is None or best.flat:
            best = found
        elif found.settled and found.level > NOISE.finer_gain * best.level:
            return found if found.level > best.level else best
        elif found.level < best.level:
            best = found
        if not best.flat and (coarser or (best.settled and best.ordinary)):
            return best
    return best or Noise(EPSILON * abs(centre), settled=False, ordinary=True, ties=NOISE.beside)


def noise_at(
    function: Callable[[Sequence[float]], Sequence[float]], centre: float, exponent: int, narrow: bool = False
) -> Noise | None:
    """Noise of a function at 0 and beside it, at about the spacing 2^exponent; None where a value is not finite."""
    places = range(NOISE.beside + 1) if narrow else NOISE.places  # there only multiples of the spacing are steps
    values = [centre, *function([math.ldexp(float(place), exponent) for place in places[1:]])]
    if not all(math.isfinite(value) for value in values):
        return None
    return noise_of(values, places, narrow=narrow)


def ends_in_a_jump(function: Callable[[Sequence[float]], Sequence[float]], centre: float) -> bool:
    """Whether a function that is constant beside 0 leaves its value by a jump, as a staircase does, not gradually.

    False where it does not leave its value at all.
    """
    left = _where_it_leaves(function, centre)
    return left is not None and left.by_a_jump


def noise_beyond(
    function: Callable[[Sequence[float]], Sequence[float]], centre: float, exponent: int, narrow: bool = False
) -> float | None:
    """Noise of a function that is constant beside 0, at about the spacing 2^exponent, where it is not any more.

    None where it does not leave its value, leaves it by a jump, or does not change smoothly there, over the spacing
    over which it is constant at 0: then the values around 0 may be equal because they are rounded, not because the
    function is constant.
    """
    left = _where_it_leaves(function, centre)
    if left is None or left.by_a_jump:
        return None
    places = range(NOISE.beside + 1) if narrow else NOISE.places
    first = math.ldexp(round(math.ldexp(left.beyond, -exponent)), exponent)
    values = [*function([first + math.ldexp(float(place), exponent) for place in places])]
    if not all(math.isfinite(value) for value in values):
        return None
    found = noise_of(values, places, narrow=narrow)
    smooth = found.settled and not found.ties and found.level <= NOISE.smooth * (max(values) - min(values))
    return found.level if smooth else None


@dataclass(frozen=True, slots=True)
class _Left:
    """A place where a function has left its value at 0, and whether it does so by a jump."""

    beyond: float
    by_a_jump: bool


def _where_it_leaves(function: Callable[[Sequence[float]], Sequence[float]], centre: float) -> _Left | None:
    """Where a function leaves its value at 0; None if it keeps it as far as `NoiseSettings.farthest`."""
    near, far = 0.0, math.ldexp(float(NOISE.beside), NOISE.spacing)
    while function([far])[0] == centre:
        if far == NOISE.farthest:
            return None
        near, far = far, min(NOISE.stride * far, NOISE.farthest)
    length = NOISE.jump_offset * (far - near)
    for _ in range(NOISE.halvings):
        middle = (near + far) / 2
        near, far = (middle, far) if function([middle])[0] == centre else (near, middle)
    edge, beyond = (abs(value - centre) for value in function([far, far + length]))
    return _Left(far + length, edge > NOISE.jump * beyond)
