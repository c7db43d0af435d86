"""Looking at all blocks of one site: all together first, block by block where that leaves a question open."""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.estimate import Status
from gradcheck.probes.budget import Effort
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.direction import Share
from gradcheck.probes.line import Ray
from gradcheck.probes.point import Site
from gradcheck.probes.refine import patiently


class State(enum.Enum):
    """What a comparison says of a block, before anything is concluded from it."""

    AGREES = "agrees"
    SUSPECT = "suspect"
    KINK = "kink"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class BlockState:
    """The comparison that speaks for a block at a site, and what it says.

    Attributes
    ----------
    site : Site
        As it is for this block.
    state : State
    comparison : Comparison
        Along a ray that moves this block alone, or all blocks together.
    share : Share
        What the block contributes along that ray.
    ray : Ray
    own : bool
        Whether the ray moves this block alone.
    rays : int
        How many rays speak for it.
    """

    site: Site
    state: State
    comparison: Comparison
    share: Share
    ray: Ray
    own: bool
    rays: int = 1

    @property
    def coarseness(self) -> float:
        """Error bar relative to what a small entry contributes."""
        return self.comparison.bar / self.share.small if self.share.small > 0 else 0.0

    @property
    def length(self) -> float:
        """Euclidean length of the direction."""
        return self.ray.direction.length


def state_of(comparison: Comparison) -> State:
    """What one comparison says."""
    if comparison.estimate.status in (Status.NOT_FINITE, Status.SPENT) or not math.isfinite(comparison.bar):
        return State.UNRESOLVED
    if comparison.kink:
        return State.KINK
    if comparison.agrees:
        return State.AGREES
    if comparison.doubtful:
        return State.SUSPECT
    return State.UNRESOLVED


def survey(
    site: Site, chosen: Sequence[int], rays: int, *, closely: bool = True, apart: bool = True
) -> dict[int, BlockState]:
    """States of the chosen blocks.

    Parameters
    ----------
    site : Site
    chosen : sequence of int
        Indices of blocks.
    rays : int
        How many joint rays must agree.
    closely : bool
        Whether more is spent on blocks that a first look leaves open.
    apart : bool
        Whether blocks are looked at one by one where all together disagree or have a kink; those whose claim is zero
        always are.

    Returns
    -------
    dict of int to BlockState
    """
    zero = [b for b in chosen if site.zero[b]]
    live = [b for b in chosen if b not in zero]
    states: dict[int, BlockState] = {}
    if live:
        states |= _together(site, live, rays, closely, apart)
    if zero:
        states |= _together(site, zero, 1, closely, apart=True)
    return states


def _together(site: Site, group: Sequence[int], count: int, closely: bool, apart: bool) -> dict[int, BlockState]:
    site = site.alone(group[0]) if len(group) == 1 else site
    ray, comparison = _look(site, group)
    done = 1
    while done < count and state_of(comparison) is State.AGREES and _affordable(site.effort):
        another, again = _look(site, group)
        done += 1
        if state_of(again) is not State.AGREES or again.bar > comparison.bar:
            ray, comparison = another, again
    state = state_of(comparison)
    site.effort.stage = "block by block"
    states = {}
    for b in group:
        share = ray.share(b)
        sharp = comparison.zero or comparison.bar <= site.rtol * share.small
        asked = not apart and state in (State.SUSPECT, State.KINK)
        if len(group) == 1 or asked or (state is State.AGREES and sharp):
            found = BlockState(site, state, comparison, share, ray, own=len(group) == 1, rays=done)
        else:
            own = site.alone(b)
            own_ray, alone = _look(own, [b])
            found = BlockState(own, state_of(alone), alone, own_ray.share(b), own_ray, own=True)
        states[b] = closer(b, found) if closely else found
    return states


def closer(block: int, hasty: BlockState) -> BlockState:
    """What more evaluations say of a block that a first look left open: its parts, or the same ray patiently."""
    if hasty.state is not State.UNRESOLVED:
        return hasty
    usual = hasty.site.exponent
    found = _in_parts(block, hasty)
    hasty.site.exponent = usual
    return _again(found) if found.state is State.UNRESOLVED else found


def _again(hasty: BlockState) -> BlockState:
    """Average the noise out. Only agreement is believed: noise may be the same at neighbouring steps."""
    comparison = patiently(hasty.site, hasty.ray, hasty.comparison)
    return replace(hasty, state=State.AGREES, comparison=comparison) if comparison.agrees else hasty


def _in_parts(block: int, whole: BlockState) -> BlockState:
    """Look at a block in bands of entries of one size, or one by one if it is small.

    That is for where all at once are too much: small entries need longer steps than large ones allow.
    """
    weights = whole.site.terrain[block].weight
    middle = float(np.median(weights[weights > 0])) if weights.any() else 0.0
    edges = (*(middle * part for part in BANDS), np.inf)
    state = _all_of(block, [(weights >= low) & (weights < high) for low, high in itertools.pairwise(edges)], whole)
    if state.state is State.UNRESOLVED and 1 < weights.size <= FEW:
        numbers = np.arange(weights.size).reshape(weights.shape)
        state = _all_of(block, [numbers == i for i in range(weights.size)], whole)
    return state


def _all_of(block: int, masks: Sequence[NDArray[np.bool_]], whole: BlockState) -> BlockState:
    """The coarsest of the states of parts of a block if all agree, else the first that does not."""
    found, site = whole, whole.site
    for mask in masks:
        if not mask.any():
            continue
        if site.effort.left < PART_COST:
            return whole
        ray = site.ray([mask if b == block else False for b in range(len(site.point))])
        comparison = site.measure(ray)
        state = BlockState(site, state_of(comparison), comparison, ray.share(block), ray, own=True)
        if state.state is State.UNRESOLVED:
            state = _again(state)
        if state.state is not State.AGREES:
            return whole if state.state is State.UNRESOLVED else state
        if found is whole or state.coarseness > found.coarseness:
            found = state
    return found


#: Further rays that only confirm are drawn if no more was spent so far: a passing check is to stay below 40.
FRUGAL = 16

#: Bands of entries by their size relative to the median; blocks small enough to go one by one; what a part may cost.
BANDS, FEW, PART_COST = (0.0, 0.01, 0.1, 1.0), 24, 40


def _affordable(effort: Effort) -> bool:
    return effort.losses <= FRUGAL and effort.left >= FRUGAL


def _look(site: Site, group: Sequence[int]) -> tuple[Ray, Comparison]:
    ray = site.ray([b in group for b in range(len(site.point))])
    return ray, site.measure(ray)
