"""The strategy `broken_networks`: networks with one mistake in a layer or in the loss."""

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
from gradcheck.subjects.layer import INPUT, PREDICTION
from gradcheck.subjects.network import NetworkSubject
from gradcheck.subjects.subject import Point, Subject, copied
from gradcheck.testing.cases import Array
from gradcheck.testing.faults import LOSS_MISTAKES, Fault, SeparateGradientNetwork, mutant_network, visible_faults

#: A mistake must change the gradient of some parameter by this part of the largest entry of the whole gradient. Less
#: can be below its rounding error.
MIN_EFFECT = 1e-6

#: One of so many mistakes is taken, the first that are possible in the place, in an order that is drawn. Finding out
#: what is possible takes long, so not all are listed.
CANDIDATES = 2


@dataclass(frozen=True)
class BrokenNetwork:
    """A network, a mistake, and the place where the network has it.

    Attributes
    ----------
    right : DrawnNetwork
        The network without the mistake.
    mistake : Fault
        The mistake, its variant, and the block of the place that it changes; ``"x"`` is the gradient with respect to
        the input of the layer.
    place : str
        The layer, ``"layers.0"`` for example, or ``"loss"``.
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
        """A batch for the network."""
        return self.right.batch

    @property
    def where(self) -> str:
        """The parameter whose gradient is wrong; the layer or loss, if it is the gradient that it passes down."""
        block = self.mistake.block
        return self.place if block in (INPUT, PREDICTION) else f"{self.place}.{block}"


def broken_networks(
    *, networks: st.SearchStrategy[DrawnNetwork] | None = None, slugs: Iterable[str] | None = None
) -> st.SearchStrategy[BrokenNetwork]:
    """Draw networks with a mistake in one layer, or in the loss, that changes the gradient of a parameter.

    Parameters
    ----------
    networks : SearchStrategy, optional
        What `networks` returns; by default networks of up to two layers.
    slugs : iterable of str, optional
        Slugs or codes of mistakes; by default all that transform a gradient.

    Returns
    -------
    SearchStrategy of BrokenNetwork

    Raises
    ------
    SubjectError
        If a mistake does not exist, or is not a transformation of a gradient.

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
    parts = [part for part in NetworkSubject(right, right.batch).parts() if _can_be_wrong(part)]
    part = draw(evenly(parts), label="place")
    gradient = part.gradient(copied(part.point))
    usual = [slug for slug in slugs if part.place != "loss" or slug in LOSS_MISTAKES]
    order = draw(st.integers(0, 9999), label="order in which mistakes are tried")
    turn = np.random.default_rng(order).permutation(len(usual)) if order else np.arange(len(usual))
    which = draw(st.integers(0, CANDIDATES - 1), label="which")
    found = list(itertools.islice(_possible_faults(part, gradient, [usual[k] for k in turn]), which + 1))
    if not found:
        reject()
    broken = BrokenNetwork(right, found[which % len(found)], part.place)
    if not _has_effect(broken):
        reject()
    if right.writable:
        note(f"@example({broken!r})")
    return broken


def _can_be_wrong(part: Subject) -> bool:
    """Whether a mistake is possible: not in an inner layer, nor in a first layer without parameters."""
    first = part.place == "layers.0"
    return part.place.count(".") < 2 and not (first and [block.name for block in part.blocks] == [INPUT])


def _possible_faults(part: Subject, gradient: Point, slugs: Iterable[str]) -> Iterator[Fault]:
    """Yield the mistakes that are possible in a place; the input gradient of the first layer is not used."""
    first = part.place == "layers.0"
    return (fault for fault in visible_faults(part, gradient, slugs) if not (first and fault.block == INPUT))


def _has_effect(broken: BrokenNetwork) -> bool:
    """Whether the mistake changes the gradient of any parameter by more than rounding error."""
    plain = SeparateGradientNetwork(broken.right.layers, broken.right.criterion, regulariser=broken.right.regulariser)
    wrong, fine = broken.network.gradient(*broken.batch), plain.gradient(*broken.batch)
    size = _largest(list(fine.values()))
    return any(_largest([wrong[name] - fine[name]]) > MIN_EFFECT * size for name in fine)


def _largest(arrays: Iterable[Array]) -> float:
    return max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0)
