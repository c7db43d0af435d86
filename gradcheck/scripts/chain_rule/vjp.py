"""The chain rule, measured: what a derivative has to be, given the derivatives that the program has further on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.graph.dataflow import Base, Path
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import fitted, spreads
from gradcheck.scripts.replay.snapshot import Leaf

Array = NDArray[Any]

#: First step relative to the size of a variable, as a power of two, and how many halvings.
START, HALVINGS = 7, 3

#: The step of a rough slope, and how far two of them may contradict a constant.
ROUGH, POSSIBLE = 2.0**-10, 0.02

#: One-sided slopes that differ by this part of the slope are a kink.
KINK = 1e-3

#: Directions at each point.
DIRECTIONS = 2

#: How well claim and slope have to agree, relative to the contributions of the entries; the bar is added.
AGREE = 2e-5

#: Where the slope is not known better than this, relatively, nothing is said.
KNOWN = 1e-3


@dataclass(frozen=True)
class Place:
    """What a derivative is by: a node of the forward pass, or a parameter."""

    node: Node | None = None
    leaf: Leaf | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the variable."""
        return self.node.shape if self.node is not None else self._leaf.value.shape

    @property
    def _leaf(self) -> Leaf:
        assert self.leaf is not None
        return self.leaf

    @property
    def names(self) -> tuple[str, ...]:
        """What the program calls it."""
        return tuple(self.node.names) if self.node is not None else (self._leaf.name,)

    @property
    def label(self) -> str:
        """The name to speak of it by."""
        return self._leaf.name if self.node is None else self.node.label

    def value(self, base: Base) -> Array:
        """Its value at a point."""
        return base.value(self.node) if self.node is not None else base.leaf(self._leaf.path)

    def key(self) -> object:
        """Tells places apart."""
        return self.node.index if self.node is not None else self._leaf.path

    def put(self, value: Array) -> tuple[dict[int, Any], dict[Path, Array]]:
        """Actions, and values of leaves, that give it a value."""
        if self.node is not None:
            return self.node.held(value), {}
        return {}, {self._leaf.path: value}


@dataclass(frozen=True)
class Source:
    """A derivative that the program has: of the loss by a variable, times a constant.

    Attributes
    ----------
    place : Place
    node : Node
    scale : float
    """

    place: Place
    node: Node
    scale: float = 1.0


@dataclass(frozen=True)
class Ratio:
    """How a claim compares with the chain rule.

    Attributes
    ----------
    factor : float
        Claim over what the chain rule gives, where that is one constant.
    constant : bool
        Whether it is one constant, in all directions at all points.
    idle : bool
        Whether both are zero.
    known : bool
        Whether the slopes could be measured.
    """

    factor: float
    constant: bool
    idle: bool = False
    known: bool = True

    @property
    def right(self) -> bool:
        """Whether the claim is what it should be."""
        return self.idle or (self.constant and abs(self.factor - 1) < 1e-4)


class Chain:
    """Measures at several points.

    Parameters
    ----------
    bases : sequence of Base
    loss : Node
    """

    def __init__(self, bases: Sequence[Base], loss: Node, rng: np.random.Generator) -> None:
        self.bases, self.loss, self.rng = list(bases), loss, rng

    def surrogate(
        self,
        base: Base,
        place: Place,
        sources: Sequence[Source],
        held: Sequence[Source],
        direct: bool,
        value: Array,
        pinned: Sequence[Node] = (),
    ) -> float:
        """Σ ⟨derivative, variable⟩ + loss, as a function of a place, each variable held when the next one reads it."""
        if any(s.place.key() == place.key() for s in sources):
            return sum(
                float((base.value(s.node).reshape(place.shape) * value).sum()) / s.scale
                for s in sources
                if s.place.key() == place.key()
            )
        actions, leaves = place.put(value)
        for source in held:
            if source.place.node is not None and source.place.key() != place.key():
                actions.update(source.place.node.held(base.value(source.place.node)))
        for node in pinned:
            actions.update(node.held(base.value(node)))
        inner = [s for s in sources if s.place.node is not None]
        watched = [s.place.node for s in inner if s.place.node is not None]
        seen = base.run([*watched, *([self.loss] if direct else [])], actions, leaves)
        if seen is None:
            return math.nan
        total = float(seen[-1].sum()) if direct else 0.0
        for source, array in zip(inner, seen, strict=False):
            total += float((base.value(source.node).reshape(array.shape) * array).sum()) / source.scale
        return total

    def slope(
        self,
        base: Base,
        place: Place,
        sources: Sequence[Source],
        held: Sequence[Source],
        direct: bool,
        along: Array,
        pinned: Sequence[Node] = (),
    ) -> tuple[float, float]:
        """Derivative of the surrogate along a direction, and its bar: central differences, extrapolated."""
        centre = place.value(base)

        def phi(t: float) -> float:
            return self.surrogate(base, place, sources, held, direct, centre + t * along, pinned)

        best = (math.nan, math.inf)
        for start in (START, START + 7):
            rough = []
            size = 0.0
            for k in range(HALVINGS):
                h = 2.0 ** -(start + 2 * k)
                above, below = phi(h), phi(-h)
                size = max(size, abs(above), abs(below))
                rough.append((above - below) / (2 * h))
            second = [(16 * b - a) / 15 for a, b in itertools.pairwise(rough)]
            third = (256 * second[1] - second[0]) / 255
            noise = 8 * np.finfo(float).eps * size / 2.0 ** -(start + 2 * HALVINGS - 2)
            bar = abs(third - second[1]) + noise
            if bar < best[1]:
                best = (third, bar)
            if bar <= 1e-7 * max(abs(third), float(np.abs(along).max()) * 1e-300):
                break
        return best

    def ratio(
        self,
        place: Place,
        claim: Node,
        factor: float,
        sources: Sequence[Source],
        *,
        held: Sequence[Source] | None = None,
        direct: bool = True,
        pinned: Sequence[Node] = (),
    ) -> Ratio:
        """Compare a claim with the chain rule, at all points."""
        held = sources if held is None else held
        size = int(np.prod(place.shape))
        fits = claim.size == size or (place.node is None and spreads(claim.shape, place.shape))
        if not fits or any(int(np.prod(s.place.shape)) != s.node.size for s in sources):
            return Ratio(math.nan, constant=False, known=False)
        if size > 1 and not self._possible(place, claim, sources, held, direct, pinned):
            return Ratio(math.nan, constant=False)
        claimed: list[float] = []
        slopes: list[float] = []
        bars: list[float] = []
        norms: list[float] = []
        for base in reversed(self.bases):
            value = place.value(base)
            array = factor * fitted(base.value(claim), value.shape)
            for _ in range(DIRECTIONS if value.size > 1 else 1):
                along = self.direction(value)
                slope, bar = self.slope(base, place, sources, held, direct, along, pinned)
                if not (math.isfinite(slope) and math.isfinite(bar)):
                    return Ratio(math.nan, constant=False, known=False)
                claimed.append(float((array * along).sum()))
                norms.append(float(np.linalg.norm(array * along)))
                slopes.append(slope)
                bars.append(bar)
                if len(slopes) > 1 and not compared(claimed, slopes, bars, norms).constant:
                    break
        return compared(claimed, slopes, bars, norms)

    def kinked(self, place: Place, sources: Sequence[Source]) -> bool:
        """Whether the derivative by a variable is not the same on both sides, at some point: on a tie of a maximum."""
        for base in self.bases:
            centre = place.value(base)
            along = self.direction(centre)
            middle = self.surrogate(base, place, sources, sources, True, centre)
            widths = []
            for h in (2.0**-START, 2.0 ** -(START + 4)):
                ends = [self.surrogate(base, place, sources, sources, True, centre + t * along) for t in (h, -h)]
                widths.append(abs(ends[0] + ends[1] - 2 * middle) / h)
                size = abs(ends[0] - ends[1]) / (2 * h)
            if widths[1] > max(0.5 * widths[0], KINK * size):  # a bend shrinks with the step, a kink stays
                return True
        return False

    def _possible(
        self,
        place: Place,
        claim: Node,
        sources: Sequence[Source],
        held: Sequence[Source],
        direct: bool,
        pinned: Sequence[Node],
    ) -> bool:
        """Whether two rough slopes leave it possible that the chain rule makes the claim, up to a constant."""
        base = self.bases[-1]
        value = place.value(base)
        array = fitted(base.value(claim), value.shape)
        rough = []
        for _ in range(2):
            along = self.direction(value)
            ends = [
                self.surrogate(base, place, sources, held, direct, value + t * along, pinned) for t in (ROUGH, -ROUGH)
            ]
            slope = (ends[0] - ends[1]) / (2 * ROUGH)
            if not math.isfinite(slope) or slope == 0:
                return True  # nothing can be told so roughly
            rough.append((float((array * along).sum()), slope, float(np.linalg.norm(array * along))))
        (c1, s1, n1), (c2, s2, n2) = rough
        return abs(c1 * s2 - c2 * s1) <= POSSIBLE * (n1 * abs(s2) + n2 * abs(s1))

    def direction(self, value: Array) -> Array:
        """A random direction, of the size of a value."""
        size = float(np.sqrt(np.mean(value * value)))
        size = size if 0 < size < math.inf else 1.0
        signs = self.rng.choice([-1.0, 1.0], size=value.shape)
        return np.asarray(size * signs * self.rng.uniform(0.5, 1.5, size=value.shape))

    def gradient(
        self, base: Base, place: Place, sources: Sequence[Source], entries: Sequence[tuple[int, ...]]
    ) -> Array:
        """What the chain rule gives, in some entries."""
        value = place.value(base)
        found = np.zeros(len(entries))
        size = float(np.sqrt(np.mean(value * value))) or 1.0
        for i, index in enumerate(entries):
            along = np.zeros(value.shape)
            along[index] = size
            found[i] = self.slope(base, place, sources, sources, True, along)[0] / size
        return found


def compared(claimed: Sequence[float], slopes: Sequence[float], bars: Sequence[float], norms: Sequence[float]) -> Ratio:
    """How claims compare with slopes along some directions, given the bars of these and the norms of those."""
    largest = max(norms)
    if largest == 0 and all(abs(s) <= 10 * b or abs(s) < 1e-12 for s, b in zip(slopes, bars, strict=True)):
        return Ratio(1.0, constant=True, idle=True)
    if largest == 0:
        return Ratio(0.0, constant=False)
    weights = [1 / n**2 if n > 0 else 0.0 for n in norms]
    bottom = sum(w * s * s for w, s in zip(weights, slopes, strict=True))
    if not bottom > 0:
        return Ratio(math.inf, constant=False)
    factor = sum(w * s * c for w, s, c in zip(weights, slopes, claimed, strict=True)) / bottom
    if factor == 0 or not math.isfinite(factor):
        return Ratio(factor, constant=False)
    constant = known = True
    for c, s, b, n in zip(claimed, slopes, bars, norms, strict=True):
        limit = 4 * abs(factor) * b + AGREE * n
        if abs(factor) * b > KNOWN * max(n, abs(c)):
            known = False
        if abs(c - factor * s) > limit:
            constant = False
    return Ratio(factor, constant, known=known or not constant)
