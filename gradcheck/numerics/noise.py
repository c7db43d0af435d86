"""How far one value of a function can be off, measured.

The difference table of Moré and Wild, *Estimating Computational Noise*, SIAM J. Sci. Comput. 33 (2011) 1292-1314:
differences of order k of a smooth function vanish like the k-th power of the spacing, those of noise do not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EPSILON = 2.0**-52

#: One standard deviation of noise times this is the bound that error bars are built from. The table rests on few
#: values, so its standard deviation can be half the true one.
SIGMAS = 4.5


@dataclass(frozen=True, slots=True)
class Noise:
    """A bound on the error of one function value.

    Attributes
    ----------
    level : float
        The bound, in units of the function.
    settled : bool
        Whether three orders of differences agreed on it. If not, the function itself still shows in the table (a kink,
        a sharp bend) and `level` is an overestimate.
    ordinary : bool
        Whether it is no more than what rounding explains.
    flat : bool
        Whether the values did not change at all, or hardly ever.
    """

    level: float
    settled: bool
    ordinary: bool
    flat: bool


def noise_of(values: Sequence[float]) -> Noise:
    """Noise of equally spaced function values.

    Parameters
    ----------
    values : sequence of float
        At least seven values at equal spacing.

    Returns
    -------
    Noise
        `SIGMAS` times the standard deviation of the noise.
    """
    differences = list(values)
    floor = EPSILON * max(abs(value) for value in values)
    deviations: list[float] = []
    changes: list[bool] = []
    gamma = 1.0
    for order in range(1, len(values)):
        differences = [b - a for a, b in itertools.pairwise(differences)]
        gamma *= 0.5 * order / (2 * order - 1)  # (order!)² / (2·order)!, the inverse variance of that difference
        deviations.append(math.sqrt(gamma * sum(d * d for d in differences) / len(differences)))
        changes.append(min(differences) * max(differences) < 0 or max(differences) == min(differences) == 0.0)
    flat = sum(a == b for a, b in itertools.pairwise(values)) > len(values) // 2
    settled = False
    level = max(deviations[-3:])
    for k in range(len(deviations) - 2):
        low, high = min(deviations[k : k + 3]), max(deviations[k : k + 3])
        if changes[k] and (high <= 4 * low or high <= floor):
            settled, level = True, deviations[k]
            break
    level = max(SIGMAS * level, floor)
    return Noise(level, settled, ordinary=level <= ORDINARY * floor, flat=flat)


#: Exponents of the spacings of the table, in units of the scale of the parameters. The first sees noise with a
#: correlation length, such as a solver's; the finer ones are for functions that bend too sharply for it, the coarser
#: ones for functions that do not change at all over it, because they are computed in a narrow type.
SPACING, FINER, COARSER = -16, (-23, -30), (-9, -5)

#: Values beside the centre, all to one side of it: the centre is where people put kinks.
BESIDE = 6

#: Noise this many times the rounding of the values is looked at again at a finer spacing.
ORDINARY = 64.0


def measure_noise(function: Callable[[Sequence[float]], Sequence[float]], centre: float) -> Noise:
    """Noise of a function around 0.

    What is noise keeps its size when the spacing shrinks; what comes from a kink or a bend shrinks with it.

    Parameters
    ----------
    function : callable
        Takes several steps at once and returns the values there.
    centre : float
        Its value at 0.

    Returns
    -------
    Noise
    """
    best = _noise_at(function, centre, SPACING)
    if best is None:
        spacings = FINER
    elif best.flat:
        spacings = COARSER
    elif best.settled and best.ordinary:
        return best
    else:
        spacings = FINER
    for exponent in spacings:
        found = _noise_at(function, centre, exponent)
        if found is None or (found.flat and spacings is FINER):
            continue
        if best is None or best.flat:
            best = found
        elif found.settled and found.level > best.level / 8:
            return found if found.level > best.level else best
        elif found.level < best.level:
            best = found
        if best.settled and best.ordinary and not best.flat:
            return best
    return best or Noise(EPSILON * abs(centre), settled=False, ordinary=True, flat=True)


def _noise_at(function: Callable[[Sequence[float]], Sequence[float]], centre: float, exponent: int) -> Noise | None:
    values = [centre, *function([math.ldexp(float(k), exponent) for k in range(1, BESIDE + 1)])]
    return noise_of(values) if all(math.isfinite(value) for value in values) else None
