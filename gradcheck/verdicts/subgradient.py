"""A point exactly on a kink: is the claim there one of the slopes that the loss has around it?

At |x| = 0 any number between -1 and 1 is a valid subgradient. Through several kinks at once a line can look smooth and
still disagree with every usual subgradient: relu(x) - relu(y) at 0 has slope 1 along (1, -1), where backpropagation
says
0. So each entry is asked on its own: does the claim lie among the gradients at tiny displacements of the point, which
have been found right beside it, or between the one-sided slopes along that entry?
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.derivative import SHRINK
from gradcheck.probes.chord import right_on_average
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Ray
from gradcheck.probes.point import Site
from gradcheck.probes.screening import BlockState, state_of
from gradcheck.subjects.subject import Point, copied
from gradcheck.verdicts.bisection import Entry

#: How far the tiny displacements go, in units of the scale of the parameters, and how many pairs of them.
#: A few serve for independent kinks; where several share one tie, more are drawn until the claim has shown up.
TINY, PAIRS, MANY_PAIRS = 2.0**-20, 6, 48

#: The difference of one-sided slopes is off by so many times the noise over the step.
ROUNDOFF = 8.0

#: How far beside the point a one-sided slope is claimed: so little that the loss does not bend in between.
NEXT = 2.0**-26

#: Entries outside the gradients around them that are asked one by one.
MOST = 12


class Membership(enum.Enum):
    """Whether the claim is a subgradient."""

    INSIDE = "a valid subgradient"
    OUTSIDE = "outside the slopes to the left and to the right"
    UNCLEAR = "on several kinks at once, where no single entry can be judged"


@dataclass(frozen=True, slots=True)
class Subgradient:
    """The answer, with the entry that it rests on where it is not INSIDE."""

    membership: Membership
    entry: Entry | None = None
    left: float = 0.0
    right: float = 0.0


def sharpened(state: BlockState) -> BlockState:
    """The state with one-sided slopes from steps so short that they can be held against the claims beside the point.

    A kink shows at long steps already, over which the loss bends as well. The shortest that serve are those whose
    round-off is a quarter of what the one-sided slopes have to be known to. By those there may be none, but many near
    the point.
    """
    site, comparison = state.site, state.comparison
    sharp = _sharp(comparison)
    if not comparison.kink or comparison.estimate.side_error <= sharp or not sharp > 0:
        return state
    least = math.frexp(ROUNDOFF * max(site.noise, 5e-324) / (sharp / 4))[1]
    start = max(least, -site.bits) + SHRINK  # a kink is one that lasts while steps shrink so far
    if start >= math.frexp(comparison.estimate.step)[1] - 1:
        return state
    again = site.measure(state.ray, start=start)
    return replace(state, state=state_of(again), comparison=again) if again.kink or again.agrees else state


def _sharp(comparison: Comparison) -> float:
    """What the one-sided slopes have to be known to."""
    steepest = max(abs(comparison.estimate.right), abs(comparison.estimate.left))
    return 1e-4 * steepest if comparison.zero else 4 * comparison.tolerance


def right_beside(state: BlockState) -> bool:
    """Whether the claims just to the left and just to the right of the point, along the ray, are the slopes there.

    Where the loss is smooth they are the same claim, and it disagrees as before. On a kink, claims and slopes both
    change from one side to the other; if they change alike, the gradient is right on either side.
    """
    comparison, estimate = state.comparison, state.comparison.estimate
    if comparison.kink and estimate.side_error > _sharp(comparison):
        return False
    for step, slope in ((NEXT, estimate.right), (-NEXT, estimate.left)):
        claim = state.site.beside(state.ray, step)
        if claim is None:
            return False
        if not comparison.kink and abs(claim - comparison.claim) < 0.5 * abs(comparison.gap):
            return False
        bend = 64 * NEXT * max(abs(claim), comparison.norm)
        if abs(claim - slope) > estimate.side_error + comparison.rounding + bend:
            return False
    return True


class Surroundings:
    """Gradients at tiny random displacements of a site; the same serve for all of its blocks.

    Parameters
    ----------
    site : Site
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._found: list[Point] = []

    def samples(self, start: int) -> list[Point]:
        """Those from a number on; some more are drawn if there are none, of which none may be finite."""
        if start >= len(self._found):
            self._draw()
        return self._found[start:]

    def _draw(self) -> None:
        site = self.site
        for _ in range(PAIRS):
            shift = site.random_shift()
            for sign in (TINY, -TINY):
                point = tuple(
                    np.asarray(x + (sign * d).astype(x.dtype)) for x, d in zip(site.point, shift, strict=True)
                )
                site.effort.spend(gradients=1)
                try:
                    gradient = site.subject.gradient(site.subject.representable(point))
                except Exception:
                    continue
                self._found.append(copied(gradient))


def judge(site: Site, block: int, around: Surroundings) -> Subgradient:
    """Judge the claim of one block at a site that lies on a kink.

    Parameters
    ----------
    site : Site
        The gradient must have been found right on either side of it, see `right_beside`.
    block : int
    around : Surroundings
        Of the site.
    """
    site.effort.stage = f"kinks in {site.subject.blocks[block].name}"
    claim = np.asarray(site.claim[block], dtype=np.float64)
    samples: list[NDArray[np.float64]] = []
    seen = 0
    while len(samples) < 2 * MANY_PAIRS:
        drawn = around.samples(seen)
        seen += len(drawn)
        fresh = [np.asarray(g[block], dtype=np.float64) for g in drawn if np.isfinite(g[block]).all()]
        samples += fresh
        low, high = np.min(samples, axis=0), np.max(samples, axis=0)
        sizes = np.maximum(np.abs(low), np.abs(high))
        slack = 4 * site.rtol * np.maximum(sizes, float(np.median(sizes)))
        outside = np.argwhere((claim < low - slack) | (claim > high + slack))
        if not fresh or not len(outside):
            break
    if len(outside) > MOST:
        outside = outside[site.rng.choice(len(outside), MOST, replace=False)]
    for row in outside:
        index = tuple(int(i) for i in row)
        found = _judge_entry(site, block, index, [sample[index] for sample in samples], float(slack[index]))
        if found.membership is not Membership.INSIDE:
            return found
    return Subgradient(Membership.INSIDE)


def _judge_entry(site: Site, block: int, index: tuple[int, ...], around: list[float], slack: float) -> Subgradient:
    comparison, ray, length = site.entry(block, index)
    estimate = comparison.estimate
    claimed = comparison.claim / length
    left, right = sorted((estimate.left / length, estimate.right / length))
    bar = (comparison.rounding + estimate.side_error) / abs(length) + slack
    if left - bar <= claimed <= right + bar:
        return Subgradient(Membership.INSIDE)
    entry = Entry(index, claimed, estimate.value / length, comparison.bar / abs(length), wrong=True, resolved=True)
    seen = right - left > bar or len(around) >= 8 * site.point[block].size
    if seen and all(min(abs(value - left), abs(value - right)) <= bar for value in around):
        least = _least(site.point[block][index]) / abs(length)
        hidden = _holds(site, ray, least) and right_on_average(site, ray, comparison)
        return Subgradient(Membership.UNCLEAR if hidden else Membership.OUTSIDE, entry, left, right)
    # Several kinks meet. With the derivative of each taken to be 0 (or 1) at its kink, as is the custom, the claim is
    # the end of the range over all combinations of sides, of which the gradients around the point are a sample.
    low, high = min(around), max(around)
    if low - (high - low) - bar <= claimed <= high + (high - low) + bar:
        return Subgradient(Membership.INSIDE)
    return Subgradient(Membership.UNCLEAR, entry, left, right)


def _holds(site: Site, ray: Ray, least: float) -> bool:
    """Whether the claim is a subgradient among those at the least distances: kinks may be too near to be seen."""
    near = [claim for sign in (1.0, -1.0) if (claim := site.beside(ray, sign * least)) is not None]
    slack = 1e-3 * abs(ray.claim)
    return len(near) == 2 and min(near) - slack <= ray.claim <= max(near) + slack


def _least(value: np.floating[Any]) -> float:
    """Nearly the least by which a parameter can be changed: what it is multiplied with must not round it to zero."""
    return float(max(4 * np.spacing(np.abs(value)), np.finfo(value.dtype).tiny ** 0.5))
