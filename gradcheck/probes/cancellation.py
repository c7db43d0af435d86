"""Claims that are what rounding left of larger terms which cancel: their gradient is zero.

A bias before a batch normalisation has none; what is computed for it is of the size of the rounding of its terms. What
a formula says can be as small, at the far end of a deep network, and has to be told from it: such a claim may be wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.point import Site
from gradcheck.subjects.subject import Point, copied

#: A claim that so many roundings of the parameters change by this part of itself is rounding.
SHAKEN, HOLLOW = 4.0, 0.25

#: How often that is tried before a claim is taken for what a formula says.
SHAKES = 4

#: Bits of a number that a sum left, at most.
BITS = 16


def sift(site: Site) -> None:
    """Find out which of the faint claims of a site are remainders: those count as zero, the others have to be seen."""
    faint = [b for b, faint in enumerate(site.faint) if faint]
    doubtful = [b for b in faint if not of_few_bits(site.claim[b], BITS)]
    site.take_for_zero([b for b in faint if b not in doubtful] + _unsteady(site, doubtful))


def is_remainder(site: Site, block: int) -> bool:
    """Whether the claim for a block, far below those for other blocks, is a remainder; it counts as zero from then on.

    It is asked for again a few roundings of the parameters away: what a formula says stays what it is, and what is left
    of terms that cancel comes out different.
    """
    near = site.reference * float(np.finfo(site.claim[block].dtype).eps) ** 0.5
    if site.zero[block] or site.terrain[block].largest > near or not _unsteady(site, [block]):
        return False
    site.take_for_zero([block])
    return True


def of_few_bits(claim: NDArray[Any], bits: int) -> bool:
    """Whether all entries are numbers of few bits: those of a narrower type, or what sums that cancel leave.

    What a formula gives has all of its bits.
    """
    mantissas, _ = np.frexp(claim.astype(np.float64))
    scaled = np.ldexp(mantissas, bits)
    return bool((scaled == np.rint(scaled)).all())


def _unsteady(site: Site, blocks: list[int]) -> list[int]:
    """Those of some blocks whose claim a few roundings of the parameters change."""
    left, found = list(blocks), []
    for _ in range(SHAKES):
        if not left:
            break
        shaken = _shaken(site)
        for b in list(left):
            bound = HOLLOW * float(np.linalg.norm(site.claim[b].ravel()))
            if np.linalg.norm((shaken[b] - site.claim[b]).ravel()) > bound:
                left.remove(b)
                found.append(b)
    return found


def _shaken(site: Site) -> Point:
    """The claims a few roundings of the parameters away; those at the site where there are none."""
    point = []
    for x, g in zip(site.point, site.claim, strict=True):
        part = SHAKEN * float(np.finfo(g.dtype).eps)
        point.append(np.asarray(x * (1 + part * site.rng.uniform(-1.0, 1.0, x.shape)).astype(x.dtype)))
    site.effort.spend(gradients=1)
    try:
        return copied(site.subject.gradient(site.subject.representable(tuple(point))))
    except Exception:
        return site.claim
