"""A point exactly on a kink: is the claim there one of the slopes that the loss has around it?

At |x| = 0 any number between -1 and 1 is a valid subgradient. Through several kinks at once a line can look smooth and
still disagree with every usual subgradient: relu(x) - relu(y) at 0 has slope 1 along (1, -1), where backpropagation
gives 0. So each entry is judged on its own: the claim must lie among the gradients at tiny displacements of the point,
which were found right there, or between the one-sided slopes along that entry (Clarke, 1983, section 2.1).
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from gradcheck.differences.settings import STEPS
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Screening, agreement_of
from gradcheck.probes.secant import agrees_on_average
from gradcheck.probes.settings import PROBES
from gradcheck.verdicts.entry import Entry
from gradcheck.verdicts.nearby import NearbyGradients
from gradcheck.verdicts.settings import VERDICTS


class Membership(enum.Enum):
    """Whether the claim is a subgradient."""

    INSIDE = "a valid subgradient"
    OUTSIDE = "the claim is not between the slopes to the left and to the right"
    UNCLEAR = "on several kinks at once, where no single entry can be judged"


@dataclass(frozen=True, slots=True)
class Subgradient:
    """The answer, with the entry that it rests on where it is not INSIDE."""

    membership: Membership
    entry: Entry | None = None
    left: float = 0.0
    right: float = 0.0


def sharpened(screening: Screening) -> Screening:
    """The screening with one-sided slopes from steps so short that they can be compared with claims beside the point.

    A kink shows at long steps already, over which the loss bends as well. The shortest steps that serve are those whose
    round-off is a quarter of what the one-sided slopes have to be known to. At those steps the kink may turn out to be
    many kinks near the point, and none at it.
    """
    prober, comparison = screening.prober, screening.comparison
    sharp = _sharpness(comparison)
    if not comparison.kink or comparison.estimate.side_error <= sharp or not sharp > 0:
        return screening
    least = math.frexp(VERDICTS.side_noise * max(prober.data.noise.level, 5e-324) / (VERDICTS.side_part * sharp))[1]
    start = max(least, -prober.policy.bits) + STEPS.shrink  # a kink is one that lasts while steps shrink so far
    if start >= math.frexp(comparison.estimate.step)[1] - 1:
        return screening
    again = prober.measure(screening.line, start=start)
    if not (again.kink or again.agrees):
        return screening
    return replace(screening, agreement=agreement_of(again), comparison=again)


def _sharpness(comparison: Comparison) -> float:
    """What the one-sided slopes have to be known to."""
    steepest = max(abs(comparison.estimate.right), abs(comparison.estimate.left))
    return VERDICTS.zero_sharpness * steepest if comparison.zero else VERDICTS.side_sharpness * comparison.tolerance


def right_on_both_sides(screening: Screening) -> bool:
    """Whether the claims just to the left and just to the right of the point, along the line, are the slopes there.

    Where the loss is smooth both are the same claim, and it disagrees as before. On a kink, claims and slopes both
    change from one side to the other; if they change alike, the gradient is right on either side.
    """
    comparison, estimate = screening.comparison, screening.comparison.estimate
    if comparison.kink and estimate.side_error > _sharpness(comparison):
        return False
    if not comparison.kink and abs(comparison.gap) <= PROBES.proof * estimate.side_error:
        return False  # slopes that are not known well enough to tell the claim from its neighbours
    offset = math.ldexp(1.0, VERDICTS.next_exponent)
    for step, slope in ((offset, estimate.right), (-offset, estimate.left)):
        claimed, farther = (screening.prober.claimed_beside(screening.line, times * step) for times in (1.0, 2.0))
        if claimed is None:
            return False
        bend = VERDICTS.next_bend * offset * max(abs(claimed), comparison.norm)
        if comparison.kink and farther is not None:  # what the claim itself says that the slope changes by
            bend = max(bend, min(2 * abs(farther - claimed), _sharpness(comparison)))
        if not comparison.kink and abs(claimed - comparison.claimed) < max(0.5 * abs(comparison.gap), bend):
            return False
        if abs(claimed - slope) > estimate.side_error + comparison.rounding + bend:
            return False
    return True


def judge_subgradient(prober: Prober, block: int, nearby: NearbyGradients) -> Subgradient:
    """Judge the claim of one block at a point that lies on a kink.

    Parameters
    ----------
    prober : Prober
        The gradient must have been found right on either side of it, see `right_on_both_sides`.
    block : int
    nearby : NearbyGradients
        Of the point.
    """
    data, space = prober.data, prober.subject.space
    prober.evaluator.enter(f"kinks in {prober.subject.blocks[block].name}")
    around, seen = space.entry_range(), 0
    outside: list[tuple[tuple[int, ...], float]] = []
    while around.count < 2 * VERDICTS.most_pairs:
        drawn = nearby.since(seen)
        seen += len(drawn)
        fresh = [around.add(gradient[block]) for gradient in drawn]
        if not around.count:  # none of them is finite
            return Subgradient(Membership.UNCLEAR)
        outside = around.outside(data.claim[block], data.rtol)
        if not any(fresh) or not outside:
            break
    if len(outside) > VERDICTS.outside_most:
        chosen = prober.rng.choice(len(outside), VERDICTS.outside_most, replace=False)
        outside = [outside[int(i)] for i in chosen]
    for index, slack in outside:
        found = _judge_entry(prober, block, index, around.values(index), slack)
        if found.membership is not Membership.INSIDE:
            return found
    return Subgradient(Membership.INSIDE)


def _judge_entry(prober: Prober, block: int, index: tuple[int, ...], around: list[float], slack: float) -> Subgradient:
    comparison, line, length = prober.entry(block, index)
    estimate = comparison.estimate
    claimed = comparison.claimed / length
    left, right = sorted((estimate.left / length, estimate.right / length))
    bar = (comparison.rounding + estimate.side_error) / abs(length) + slack
    for_user = prober.subject.for_user
    numeric, error = for_user(estimate.value / length), for_user(comparison.error_bar / abs(length))
    entry = Entry(index, for_user(claimed), numeric, error, wrong=True, resolved=True)
    if prober.is_out_of_sight(line, comparison):
        return Subgradient(Membership.UNCLEAR, entry, for_user(left), for_user(right))
    size = max(abs(left), abs(right), right - left)
    known = bar <= VERDICTS.bent_part * size and _are_claimed_beside(prober, line, length, (left, right), size)
    if left - bar <= claimed <= right + bar:
        if known:
            return Subgradient(Membership.INSIDE)
        return Subgradient(Membership.UNCLEAR, entry, for_user(left), for_user(right))
    seen = right - left > bar or len(around) >= VERDICTS.samples_per_entry * prober.subject.blocks[block].size
    bent = max(min(abs(value - left), abs(value - right)) for value in around)  # as far away as they are
    if seen and bent <= max(bar, VERDICTS.bent_part * (right - left)):
        least = prober.subject.space.least_change(prober.data.point[block], index) / abs(length)
        near = bent > bar and left - 2 * bent - bar <= claimed <= right + 2 * bent + bar
        hidden = _between_the_nearest(prober, line, least) and agrees_on_average(prober, line, comparison)
        membership = Membership.UNCLEAR if near or hidden else Membership.OUTSIDE
        return Subgradient(membership, entry, for_user(left), for_user(right))
    # Several kinks meet. With the derivative of each taken to be 0 (or 1) at its kink, as is the custom, the claim is
    # the end of the range over all combinations of sides, of which the gradients around the point are a sample.
    # Where no kink was seen along this entry, they say nothing.
    low, high = min(around), max(around)
    if known and right - left > bar and low - (high - low) - bar <= claimed <= high + (high - low) + bar:
        return Subgradient(Membership.INSIDE)
    return Subgradient(Membership.UNCLEAR, entry, for_user(left), for_user(right))


def _are_claimed_beside(prober: Prober, line: Line, length: float, sides: tuple[float, float], size: float) -> bool:
    """Whether one-sided slopes are about what is claimed beside the point: else the loss bends within their steps."""
    offset = math.ldexp(1.0, VERDICTS.next_exponent)
    found = [prober.claimed_beside(line, sign * offset) for sign in (1.0, -1.0)]
    near = sorted(claimed / length for claimed in found if claimed is not None)
    return len(near) == 2 and all(abs(a - b) <= VERDICTS.bent_part * size for a, b in zip(near, sides, strict=True))


def _between_the_nearest(prober: Prober, line: Line, least: float) -> bool:
    """Whether the claim lies between the one-sided claims at the least offset: kinks may be too near to be seen."""
    near = [claimed for sign in (1.0, -1.0) if (claimed := prober.claimed_beside(line, sign * least)) is not None]
    slack = VERDICTS.hidden_slack * abs(line.claimed.value)
    return len(near) == 2 and min(near) - slack <= line.claimed.value <= max(near) + slack
