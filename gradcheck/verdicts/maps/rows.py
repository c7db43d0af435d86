"""Which outputs are wrong along one direction, by halving: all outputs are known along it, so that this is free."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Direction
from gradcheck.verdicts.maps.forms import Forms, FormSlope
from gradcheck.verdicts.maps.settings import MAP_VERDICTS

Vector = NDArray[np.float64]


def masked(cotangent: Vector, rows: NDArray[np.intp]) -> Vector:
    """The cotangent on some outputs, and zero on the others."""
    found = np.zeros_like(cotangent)
    found[rows] = cotangent[rows]
    return found


def wrong_rows(
    forms: Forms, cotangent: Vector, direction: Direction, rows: Sequence[int], *, most: int
) -> list[int] | None:
    """Outputs whose claimed slope along a direction is off; None if they are more than `most`."""
    everything = np.asarray(rows, dtype=np.intp)
    first = _slope(forms, cotangent, direction, everything, None)
    queue, found = [(everything, first)], list[int]()
    while queue:
        queue.sort(key=lambda item: abs(item[1].gap))
        part, gap = queue.pop()
        if not gap.clear:
            continue
        if part.size == 1:
            found.append(int(part[0]))
            if len(found) > most:
                return None
            continue
        if len(found) + len(queue) >= 2 * most:
            return None
        middle = part.size // 2
        halves = (part[:middle], part[middle:])
        queue += [(half, _slope(forms, cotangent, direction, half, abs(gap.gap))) for half in halves]
    return sorted(found)


def clearest_row(forms: Forms, cotangent: Vector, direction: Direction, rows: Sequence[int]) -> int | None:
    """One output whose claimed slope along a direction is clearly off, by following the larger gap."""
    part = np.asarray(rows, dtype=np.intp)
    gap = _slope(forms, cotangent, direction, part, None)
    while gap.clear:
        if part.size == 1:
            return int(part[0])
        middle = part.size // 2
        halves = [
            (half, _slope(forms, cotangent, direction, half, abs(gap.gap))) for half in (part[:middle], part[middle:])
        ]
        part, gap = max(halves, key=lambda half: abs(half[1].gap) - half[1].error)
    return None


def _slope(
    forms: Forms, cotangent: Vector, direction: Direction, rows: NDArray[np.intp], parent: float | None
) -> FormSlope:
    target = 0.0 if parent is None else PROBES.entry_target * parent / MAP_VERDICTS.few_rows
    return forms.slope(masked(cotangent, rows), direction, target=target, cost=MAP_VERDICTS.column_cost)
