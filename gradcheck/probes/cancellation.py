"""Claims that are round-off: what is left of larger terms that cancel. Their gradient is zero.

The gradient with respect to a bias before a batch normalisation is zero, and what is computed for it has the size of
the rounding of its terms. A formula can give values as small, at the far end of a deep network; those are not round-off
and may be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradcheck.differences.powers import SUBNORMAL
from gradcheck.differences.settings import EPSILON
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Band, Vector
from gradcheck.tracebacks import pass_on_signal


def classify_negligible(prober: Prober) -> Prober:
    """Find out which of the negligible claims at a point are round-off: those count as zero."""
    data, space = prober.data, prober.subject.space
    certain = [
        b for b in data.blocks if data.negligible[b] and space.has_few_bits(data.claim[b], PROBES.cancelled_bits)
    ]
    doubtful = [b for b in data.blocks if b not in certain and (data.negligible[b] or _is_below_rounding(prober, b))]
    if not (certain or doubtful):
        return prober
    return prober.again(data=data.with_cancelled(certain + _changing(prober, doubtful)))


def is_cancellation(prober: Prober, block: int, found: Comparison) -> bool:
    """Whether the claim for a block, far below those for other blocks, is round-off that does not count as zero yet.

    It is where it amounts to a few roundings of the largest effect, and the measured slope is zero: with saturated
    probabilities, rounding leaves the same again and again. Elsewhere the claim is computed again a few roundings of
    the parameters away: what a formula gives stays what it is, and what is left of terms that cancel comes out
    different.

    Parameters
    ----------
    prober : Prober
    block : int
    found : Comparison
        The claimed slope along a line through the block against the measured one.
    """
    data, effect = prober.data, prober.data.scaling[block].largest_effect
    epsilon = prober.subject.space.epsilon(data.claim[block])
    if data.zero[block] or (effect > data.reference * epsilon**0.5 and not _is_below_rounding(prober, block)):
        return False
    invisible = abs(found.estimate.value) <= found.estimate.error
    if invisible and effect <= PROBES.left_roundings * epsilon * data.reference:
        return True
    return bool(_changing(prober, [block]))


def _is_below_rounding(prober: Prober, block: int) -> bool:
    """Whether the claim says that the loss changes by less than its rounding when the block moves by its own size.

    The size of such a block is taken to be that of the largest other one; the effect of its round-off is large then.
    """
    data, space = prober.data, prober.subject.space
    moved = space.norm(data.claim[block]) * space.norm(data.point[block])
    return 0 < moved <= PROBES.cancelled_roundings * EPSILON * abs(data.value)


def is_partly_cancelled(prober: Prober, block: int) -> bool:
    """Whether some entries of a claim are round-off, and explain why the block disagrees: the others agree.

    Blocks that are packed into one array, such as those of queries, keys and values, can be of very different size.
    """
    data, space = prober.data, prober.subject.space
    bound = PROBES.packed_roundings * space.epsilon(data.claim[block]) * data.reference
    parts = Band(SUBNORMAL, bound), Band(bound, math.inf)
    if data.zero[block] or not all(space.selects(data.scaling[block], part) for part in parts):
        return False
    small, others = (prober.measure(prober.line_along({block: part})) for part in parts)
    invisible = abs(small.estimate.value) <= small.estimate.error
    return invisible and math.isfinite(others.error_bar) and not others.disagrees


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
    except Exception as error:
        pass_on_signal(error)
        return data.claim
