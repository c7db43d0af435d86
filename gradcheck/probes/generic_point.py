"""A generic point near the user's: where it lies, and what the blocks look like there and on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradcheck.probes.comparison import PROOF
from gradcheck.probes.point import Site
from gradcheck.probes.screening import BlockState, State, survey
from gradcheck.subjects.subject import Point

#: How far it lies, in units of the scale of the parameters; nearer where the loss is not finite there.
DISTANCES = (0.3, 0.03, 0.001)

#: A loss so many times larger is another regime.
FAR = 1e30

#: Where on the way to it a gap there is looked for again.
NEARER = (0.1, 0.3, 0.6)

NAME = "a generic point nearby"


def generic(here: Site, shift: Point) -> tuple[float, Site | None]:
    """How far along a shift a site has a finite loss and gradient, and that site, with the noise found here."""
    for distance in DISTANCES:
        site = here.displaced(shift, distance, NAME)
        if site is not None and _comparable(here, site):
            site.noise = max(site.noise, here.noise * max(1.0, abs(site.value / (here.value or site.value or 1.0))))
            return distance, site
    return 0.0, None


def _comparable(here: Site, there: Site) -> bool:
    """Whether the loss there is of a size that arithmetic can hold beside the one here."""
    size = max(abs(here.value), max(terrain.largest for terrain in here.terrain))
    return size == 0 or abs(there.value) <= FAR * size


def states_at(there: Site, chosen: Sequence[int]) -> dict[int, BlockState]:
    """States of blocks; where doubts are left the noise is measured there, and they are looked at once more."""
    states = survey(there, chosen, 1, closely=False)
    doubts = [b for b, state in states.items() if state.state is not State.AGREES]
    if doubts:
        assumed = there.noise
        there.listen()
        again = survey(there, doubts, 1, closely=False)
        for b in doubts:
            first = states[b].comparison
            clear = abs(first.gap) > PROOF * first.bar * max(1.0, there.noise / assumed if assumed else math.inf)
            if not (states[b].state is State.SUSPECT and clear and again[b].state is State.UNRESOLVED):
                states[b] = again[b]
    return states


def nearer(here: Site, shift: Point, distance: float, b: int) -> State:
    """What a block looks like closer to the user's point: a gap that ends abruptly is another formula."""
    for part in NEARER:
        site = here.displaced(shift, part * distance, NAME)
        if site is None:
            continue
        site.listen()
        state = survey(site, [b], 1)[b].state
        if state in (State.AGREES, State.SUSPECT):
            return state
    return State.UNRESOLVED
