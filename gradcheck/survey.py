"""Looking at all blocks of one site: all together first, block by block where that leaves a question open."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.comparison import Comparison
from gradcheck.direction import Share
from gradcheck.estimate import Status
from gradcheck.ray import Ray
from gradcheck.site import Site


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

    state: State
    comparison: Comparison
    share: Share
    ray: Ray
    own: bool
    rays: int = 1

    @property
    def length(self) -> float:
        """Euclidean length of the direction."""
        return self.ray.direction.length


def state_of(comparison: Comparison) -> State:
    """What one comparison says."""
    if comparison.estimate.status is Status.NOT_FINITE:
        return State.UNRESOLVED
    if comparison.kink:
        return State.KINK
    if comparison.agrees:
        return State.AGREES
    if comparison.significant and (comparison.zero or abs(comparison.gap) > comparison.tolerance):
        return State.SUSPECT
    return State.UNRESOLVED


def survey(site: Site, chosen: Sequence[int], rays: int) -> dict[int, BlockState]:
    """States of the chosen blocks.

    Parameters
    ----------
    site : Site
    chosen : sequence of int
        Indices of blocks.
    rays : int
        How many joint rays must agree.

    Returns
    -------
    dict of int to BlockState
    """
    zero = [b for b in chosen if is_zero(site, b)]
    live = [b for b in chosen if b not in zero]
    states: dict[int, BlockState] = {}
    for group, count in ((live, rays), (zero, 1)):
        if group:
            states |= _together(site, group, count)
    return states


def is_zero(site: Site, block: int) -> bool:
    """Whether the claim for a block is zero as far as the loss could tell."""
    largest = float(np.max(np.abs(site.claim[block]) * site.scale[block], initial=0.0))
    return largest <= site.negligible


def _together(site: Site, group: Sequence[int], count: int) -> dict[int, BlockState]:
    ray, comparison = _look(site, group)
    done = 1
    while done < count and state_of(comparison) is State.AGREES:
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
        if len(group) == 1 or (state is State.AGREES and sharp):
            states[b] = BlockState(state, comparison, share, ray, own=len(group) == 1, rays=done)
        else:
            own_ray, alone = _look(site, [b])
            states[b] = BlockState(state_of(alone), alone, own_ray.share(b), own_ray, own=True)
    return states


def _look(site: Site, group: Sequence[int]) -> tuple[Ray, Comparison]:
    ray = site.ray([b in group for b in range(len(site.point))])
    return ray, site.measure(ray)
