"""Claims that are round-off: what is left of larger terms that cancel. Their gradient is zero.

The gradient with respect to a bias before a batch normalisation is zero, and what is computed for it has the size of
the rounding of its terms. A formula can give values as small, at the far end of a deep network; those are not round-off
and may be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Vector


def classify_negligible(prober: Prober) -> Prober:
    """Find out which of the negligible claims at a point are round-off: those count as zero."""
    data, space = prober.data, prober.subject.space
    negligible = [b for b in data.blocks if data.negligible[b]]
    if not negligible:
        return prober
    doubtful = [b for b in negligible if not space.has_few_bits(data.claim[b], PROBES.cancelled_bits)]
    found = [b for b in negligible if b not in doubtful] + _changing(prober, doubtful)
    return prober.again(data=data.with_cancelled(found))


def is_cancellation(prober: Prober, block: int) -> bool:
    """Whether the claim for a block, far below those for other blocks, is round-off that does not count as zero yet.

    The claim is computed again a few roundings of the parameters away: what a formula gives stays what it is, and what
    is left of terms that cancel comes out different.
    """
    data = prober.data
    near = data.reference * prober.subject.space.epsilon(data.claim[block]) ** 0.5
    small = not data.zero[block] and data.scaling[block].largest_effect <= near
    return small and bool(_changing(prober, [block]))


def _changing(prober: Prober, blocks: Sequence[int]) -> list[int]:
    """Those of some blocks whose claim a few roundings of the parameters change."""
    data, space = prober.data, prober.subject.space
    left, found = list(blocks), []
    for _ in range(PROBES.jitters):
        if not left:
            break
        jittered = _jittered_claim(prober)
        for b in list(left):
            bound = PROBES.jitter_change * space.norm(data.claim[b])
            if space.difference(jittered[b], data.claim[b]) > bound:
                left.remove(b)
                found.append(b)
    return found


def _jittered_claim(prober: Prober) -> Vector:
    """The claims a few roundings of the parameters away; those at the point where they cannot be computed."""
    data, space = prober.data, prober.subject.space
    point = space.jittered(data.point, data.claim, PROBES.jitter, prober.rng)
    try:
        return space.copy(prober.evaluator.gradient(prober.subject.representable(point)))
    except Exception:
        return data.claim
