"""Entries whose claim is zero and whose own size is tiny: moved by a typical size as well, as if they were zero.

By its own size of 1e-10 an entry changes the loss by too little to be seen, whatever its gradient.
"""

from __future__ import annotations

from dataclasses import replace

from gradcheck.differences.powers import SUBNORMAL
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, Screening, agreement_of
from gradcheck.subjects.spaces.space import Band

#: Entries without a first-order effect.
UNCLAIMED = Band(0.0, SUBNORMAL)


def screen_unclaimed(prober: Prober, block: int) -> Screening | None:
    """Screen the entries of a block whose claim is zero, with those far smaller than is typical moved by that size.

    The typical size is the largest that any block has, then, where the loss is too rough for that, the block's own.

    Parameters
    ----------
    prober : Prober
    block : int

    Returns
    -------
    Screening or None
        None where there are no such entries. Its agreement is UNRESOLVED where the loss says nothing at either size.
    """
    data, space = prober.data, prober.subject.space
    found = None
    for by_block in (False, True):
        scaling = space.enlarged(data.claim, data.scaling, by_block=by_block)[block]
        if scaling is None:
            continue
        blocks = tuple(scaling if b == block else known for b, known in enumerate(data.scaling))
        enlarged = prober.again(data=replace(data, scaling=blocks))
        line = enlarged.line_along({block: UNCLAIMED})
        comparison = enlarged.measure(line)
        agreement = agreement_of(comparison)
        found = Screening(enlarged, agreement, comparison, line.contribution(block), line, own=True)
        if agreement in (Agreement.AGREES, Agreement.DISAGREES):
            break
    return found
