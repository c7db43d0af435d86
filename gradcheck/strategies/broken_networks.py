"""Networks with a mistake planted in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import note, reject
from hypothesis import strategies as st

from gradcheck.adapters.network import NetworkSubject
from gradcheck.fitting import Array
from gradcheck.planting import LOSS_MISTAKES, Plant, PlantedNetwork, plants, possible, with_plant
from gradcheck.strategies.drawn import DrawnNetwork
from gradcheck.strategies.mistakes import chosen_mistakes
from gradcheck.strategies.networks import networks as drawn_networks
from gradcheck.subject import Point, Subject, copied

#: What is not wrong by so much of the whole gradient is below the rounding of it.
SMALL = 1e-6

#: Mistakes of one kind that are tried before another place is drawn.
TRIES = 6


@dataclass(frozen=True)
class BrokenNetwork:
    """A network, a mistake planted in it, and where.

    Attributes
    ----------
    right : DrawnNetwork
        The network without the mistake.
    mistake : Plant
        Which, in which of its ways, and on which block of the place: ``"x"`` is what a layer passes down.
    place : str
        The layer, ``"layers.0"`` say, or ``"loss"``.
    """

    right: DrawnNetwork
    mistake: Plant
    place: str

    @cached_property
    def network(self) -> PlantedNetwork:
        """The network with the mistake."""
        return with_plant(self.right, self.mistake, self.place)

    @property
    def batch(self) -> tuple[Any, ...]:
        """A batch for it."""
        return self.right.batch

    @property
    def where(self) -> str:
        """The block that is wrong; for what a layer passes down, the layer."""
        block = self.mistake.block
        return self.place if block in ("x", "prediction") else f"{self.place}.{block}"


def broken_networks(
    *, networks: st.SearchStrategy[DrawnNetwork] | None = None, slugs: Iterable[str] | None = None
) -> st.SearchStrategy[BrokenNetwork]:
    """Networks with a mistake in one layer, or in the loss, that shows in the gradient.

    Parameters
    ----------
    networks : SearchStrategy, optional
        What `networks` returns; by default those of up to two layers.
    slugs : iterable of str, optional
        Slugs or codes of mistakes; all by default that can be committed on a gradient.

    Returns
    -------
    SearchStrategy of BrokenNetwork

    Raises
    ------
    SubjectError
        If there is no such mistake.

    Examples
    --------
    >>> import gradcheck
    >>> from hypothesis import find
    >>> broken = find(broken_networks(slugs=["sign-flipped"]), lambda broken: True)
    >>> broken.where, gradcheck.check_gradients(broken.network, batch=broken.batch).verdict.value
    ('layers.0.W', 'fail')
    """
    chosen = tuple(mistake.slug for mistake in chosen_mistakes(slugs))
    return _broken_networks(drawn_networks(max_layers=2) if networks is None else networks, chosen)


@st.composite
def _broken_networks(
    draw: st.DrawFn, networks: st.SearchStrategy[DrawnNetwork], slugs: tuple[str, ...]
) -> BrokenNetwork:
    right = draw(networks, label="network")
    parts = [part for part in NetworkSubject(right, right.batch).parts() if part.place.count(".") < 2]
    part = draw(st.sampled_from(parts), label="place")
    gradient = part.gradient(copied(part.point))
    ways = possible(part, gradient, [slug for slug in slugs if part.place != "loss" or slug in LOSS_MISTAKES])
    start = draw(st.integers(0, len(slugs) - 1), label="mistake") % max(len(ways), 1)
    which = draw(st.integers(0, TRIES - 1), label="which of its kind")
    found = list(itertools.islice(_plants(part, gradient, [*ways[start:], *ways[:start]]), which + 1))
    if not found:
        reject()
    broken = BrokenNetwork(right, found[which % len(found)], part.place)
    if not _shows(broken):
        reject()
    note(f"@example({broken!r})")
    return broken


def _plants(part: Subject, gradient: Point, slugs: Iterable[str]) -> Iterator[Plant]:
    """What can be planted in a place, in this order; nobody differentiates by the input of the first layer."""
    first = part.place == "layers.0"
    return (plant for plant in plants(part, gradient, slugs) if not (first and plant.block == "x"))


def _shows(broken: BrokenNetwork) -> bool:
    """Whether the mistake changes the gradient of any parameter by more than rounding."""
    plain = PlantedNetwork(broken.right.layers, broken.right.criterion, regulariser=broken.right.regulariser)
    wrong, fine = broken.network.gradient(*broken.batch), plain.gradient(*broken.batch)
    size = _largest(list(fine.values()))
    return any(_largest([wrong[name] - fine[name]]) > SMALL * size for name in fine)


def _largest(arrays: Iterable[Array]) -> float:
    return max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0)
