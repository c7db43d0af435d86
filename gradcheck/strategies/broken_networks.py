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

from gradcheck.strategies.choice import evenly
from gradcheck.strategies.drawn import DrawnNetwork
from gradcheck.strategies.mistakes import chosen_mistakes
from gradcheck.strategies.networks import networks as drawn_networks
from gradcheck.subjects.layer import INPUT
from gradcheck.subjects.network import NetworkSubject
from gradcheck.subjects.subject import Point, Subject, copied
from gradcheck.testing.cases import Array
from gradcheck.testing.faults import LOSS_MISTAKES, Fault, SeparateGradientNetwork, mutant_network, visible_faults

#: What is not wrong by so much of the whole gradient is below the rounding of it.
SMALL = 1e-6

#: Of so many that can be planted in a place, in an order that is drawn, one is taken.
TRIES = 2


@dataclass(frozen=True)
class BrokenNetwork:
    """A network, a mistake planted in it, and where.

    Attributes
    ----------
    right : DrawnNetwork
        The network without the mistake.
    mistake : Fault
        Which, in which of its ways, and on which block of the place: ``"x"`` is what a layer passes down.
    place : str
        The layer, ``"layers.0"`` say, or ``"loss"``.
    """

    right: DrawnNetwork
    mistake: Fault
    place: str

    @cached_property
    def network(self) -> SeparateGradientNetwork:
        """The network with the mistake."""
        return mutant_network(self.right, self.mistake, self.place)

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
    parts = [part for part in NetworkSubject(right, right.batch).parts() if _has_a_place(part)]
    part = draw(evenly(parts), label="place")
    gradient = part.gradient(copied(part.point))
    usual = [slug for slug in slugs if part.place != "loss" or slug in LOSS_MISTAKES]
    order = draw(st.integers(0, 9999), label="order in which mistakes are tried")
    turn = np.random.default_rng(order).permutation(len(usual)) if order else np.arange(len(usual))
    which = draw(st.integers(0, TRIES - 1), label="which")
    found = list(itertools.islice(_visible_faults(part, gradient, [usual[k] for k in turn]), which + 1))
    if not found:
        reject()
    broken = BrokenNetwork(right, found[which % len(found)], part.place)
    if not _shows(broken):
        reject()
    note(f"@example({broken!r})")
    return broken


def _has_a_place(part: Subject) -> bool:
    """Whether it is no layer inside another, and none of which only what it passes down could be wrong, to nobody."""
    first = part.place == "layers.0"
    return part.place.count(".") < 2 and not (first and [block.name for block in part.blocks] == [INPUT])


def _visible_faults(part: Subject, gradient: Point, slugs: Iterable[str]) -> Iterator[Fault]:
    """What can be planted in a place, in this order; nobody differentiates by the input of the first layer."""
    first = part.place == "layers.0"
    return (fault for fault in visible_faults(part, gradient, slugs) if not (first and fault.block == INPUT))


def _shows(broken: BrokenNetwork) -> bool:
    """Whether the mistake changes the gradient of any parameter by more than rounding."""
    plain = SeparateGradientNetwork(broken.right.layers, broken.right.criterion, regulariser=broken.right.regulariser)
    wrong, fine = broken.network.gradient(*broken.batch), plain.gradient(*broken.batch)
    size = _largest(list(fine.values()))
    return any(_largest([wrong[name] - fine[name]]) > SMALL * size for name in fine)


def _largest(arrays: Iterable[Array]) -> float:
    return max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0)
