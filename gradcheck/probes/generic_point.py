"""A generic point near the user's: where it lies, and what the blocks show there and on the way to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from gradcheck.probes.place import Place
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, Screening, screen
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Vector


def generic_shift(here: Prober) -> Vector:
    """A random displacement from the user's point towards generic points."""
    data = here.data
    return here.subject.space.generic_shift(data.point, data.scaling, here.rng, PROBES.generic_least)


def generic_point(here: Prober, shift: Vector) -> tuple[float, Prober | None]:
    """How far along a shift a point has a finite loss and gradient, and a prober there, with the noise found here."""
    for distance in PROBES.generic_distances:
        there = here.displaced(shift, distance, Place.GENERIC)
        if there is not None and _comparable(here, there):
            value, noise = here.data.value, there.data.noise
            scale = max(1.0, abs(there.data.value / (value or there.data.value or 1.0)))
            level = max(noise.level, here.data.noise.level * scale)
            return distance, there.with_noise(replace(noise, level=level))
    return 0.0, None


def _comparable(here: Prober, there: Prober) -> bool:
    """Whether the loss there is of a size that arithmetic can hold beside the one here."""
    size = max(abs(here.data.value), here.data.reference)
    return size == 0 or abs(there.data.value) <= PROBES.generic_larger * size


def screen_there(there: Prober, chosen: Sequence[int]) -> dict[int, Screening]:
    """Screen blocks at a generic point; where doubts are left, measure the noise there and screen them once more."""
    found = screen(there, chosen, 1, closely=False, brief=True)
    doubts = [b for b, one in found.items() if one.agreement is not Agreement.AGREES]
    if doubts and there.evaluator.left >= PROBES.detail_cost:
        assumed = there.data.noise.level
        there = there.with_measured_noise()
        again = screen(there, doubts, 1, closely=False)
        for b in doubts:
            first = found[b].comparison
            louder = there.data.noise.level / assumed if assumed else math.inf
            clear = abs(first.gap) > PROBES.proof * first.error_bar * max(1.0, louder)
            hidden = again[b].agreement is Agreement.UNRESOLVED
            if found[b].agreement is Agreement.DISAGREES and clear and hidden:
                found[b] = replace(found[b], prober=there)
            else:
                found[b] = again[b]
    return found


def screen_nearer(here: Prober, shift: Vector, distance: float, block: int) -> Agreement:
    """What a block shows closer to the user's point: a gap that ends abruptly belongs to another branch of the loss."""
    for part in PROBES.nearer:
        there = here.displaced(shift, part * distance, Place.GENERIC)
        if there is None or there.evaluator.left < PROBES.detail_cost:
            continue
        agreement = screen(there.with_measured_noise(), [block], 1)[block].agreement
        if agreement in (Agreement.AGREES, Agreement.DISAGREES):
            return agreement
    return Agreement.UNRESOLVED
