"""Whether mending what lines compute makes the gradients right: the proof that they, and no others, are to blame.

What a line computes is mended in a replay: divided by the constant that it is off by, or replaced by what the chain
rule gives, measured entry by entry. A gradient that comes out right then was wrong because of these lines alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.chain_rule.constants import own_factor
from gradcheck.scripts.chain_rule.consumers import Pair
from gradcheck.scripts.chain_rule.vjp import Chain, Place
from gradcheck.scripts.graph.dataflow import Flow
from gradcheck.scripts.graph.parameters import Parameter

if TYPE_CHECKING:
    from gradcheck.scripts.blame.judgement import Accused

Array = NDArray[Any]

#: Entries that are measured to replace what lines compute, over all lines.
ENTRIES = 400

#: Directions along which a gradient is compared with the slope of the loss, and how well it has to agree.
DIRECTIONS, AGREE = 3, 2e-4


class Proof:
    """Mends lines at the last of the points that a program is looked at.

    Parameters
    ----------
    flow : Flow
    chain : Chain
    pairs : sequence of Pair
        All derivatives of the backward pass.
    parameters : sequence of Parameter
    """

    def __init__(self, flow: Flow, chain: Chain, pairs: Sequence[Pair], parameters: Sequence[Parameter]) -> None:
        self.flow, self.chain, self.pairs, self.parameters = flow, chain, list(pairs), list(parameters)
        self.base = chain.bases[-1]
        self._slopes: dict[int, list[tuple[Array, float]]] = {}
        self._mended: dict[int, dict[int, Any] | None] = {}
        self._left = ENTRIES

    def needed(self, accused: Sequence[Accused], wrong: Iterable[int]) -> list[Accused]:
        """The fewest of the lines accused that explain the gradients that are wrong, where some suffice.

        Parameters
        ----------
        accused : sequence of Accused
            In the order in which they are computed.
        wrong : iterable of int
            The gradients that are wrong, by their nodes.
        """
        everything = list(accused)
        below = self.flow.descendants([node.index for a in everything for node in a.passes])
        affected = [p for p in self.parameters if p.claim.index in set(wrong) & below]
        if len(everything) < 2 or not affected:
            return everything
        for count in range(1, min(len(everything), 3) + 1):
            for chosen in itertools.combinations(everything, count):
                if self._right(chosen, affected):
                    return list(chosen)
        return everything

    def _right(self, chosen: Sequence[Accused], parameters: Sequence[Parameter]) -> bool:
        """Whether gradients are right if lines are mended, but for one constant that they may carry by convention."""
        repairs = [self._repair(accused) for accused in chosen]
        if any(repair is None for repair in repairs):
            return False
        fixed = all(accused.constant is not None for accused in chosen)
        claims = [self._claims(repairs, parameters, scale) for scale in ((1.0,) if fixed else (1.0, 2.0))]
        if any(c is None for c in claims):
            return False
        for i, parameter in enumerate(parameters):
            scale = None
            for along, slope in self._true(parameter):
                seen = [float((c[i] * along).sum()) for c in claims if c is not None]
                size = float(np.linalg.norm(claims[0][i] * along)) + abs(slope)  # type: ignore[index]
                if len(seen) == 1:
                    if abs(seen[0] - slope) > AGREE * size:
                        return False
                    continue
                per = seen[1] - seen[0]  # the claim grows by so much with the constant of the line
                own = 1 + (slope - seen[0]) / per if abs(per) > AGREE * size else None
                if own is None:
                    if abs(seen[0] - slope) > AGREE * size:
                        return False
                elif scale is not None and abs(own - scale) * abs(per) > AGREE * size * max(abs(own), 1.0):
                    return False
                else:
                    scale = own if scale is None else scale
        return True

    def _claims(
        self, repairs: Sequence[dict[int, Any] | None], parameters: Sequence[Parameter], scale: float
    ) -> list[Array] | None:
        actions: dict[int, Any] = {}
        for repair in repairs:
            actions.update({event: action(scale) for event, action in (repair or {}).items()})
        seen = self.base.run([p.claim for p in parameters], actions)
        if seen is None or not all(np.isfinite(value).all() for value in seen):
            return None
        for i, p in enumerate(parameters):  # a run sees values before what is done to themselves
            own = actions.get(p.claim.last) if len(p.claim.events) == 1 else None
            seen[i] = seen[i] if own is None else np.asarray(own(seen[i]))
        return [p.claimed(value) for p, value in zip(parameters, seen, strict=True)]

    def _true(self, parameter: Parameter) -> list[tuple[Array, float]]:
        """Directions, and the slope of the loss along each."""
        found = self._slopes.get(parameter.claim.index)
        if found is None:
            place = Place(leaf=parameter.leaf)
            directions = [self.chain.direction(place.value(self.base)) for _ in range(DIRECTIONS)]
            found = [(v, self.chain.slope(self.base, place, (), (), True, v)[0]) for v in directions]
            self._slopes[parameter.claim.index] = found
        return found

    # -- what a line should compute ----------------------------------------------------------------------------------

    def _repair(self, accused: Accused) -> dict[int, Any] | None:
        """Actions that mend a line, given the constant that it carries; None if it has too many entries."""
        key = id(accused)
        if key not in self._mended:
            self._mended[key] = self._divided(accused) if accused.constant is not None else self._replaced(accused)
        return self._mended[key]

    def _alike(self, accused: Accused) -> list[Pair]:
        site = accused.pair.node.site
        return [p for p in self.pairs if (p.node.site.file, p.node.site.line) == (site.file, site.line)]

    def _divided(self, accused: Accused) -> dict[int, Any]:
        constant = accused.constant
        assert constant is not None
        nodes = [p.node for p in self._alike(accused) if abs(own_factor(p) / constant - 1) < 1e-3]
        if accused.node not in nodes:
            nodes = [accused.node]

        def divided(_: float) -> Any:
            return lambda value: value / constant

        return {node.last: divided for node in nodes}

    def _replaced(self, accused: Accused) -> dict[int, Any] | None:
        failing = [p for p in self._alike(accused) if not p.proportional or p.moved]
        if accused.node is not accused.pair.node or not failing:
            return None
        indices = {p.node.index for p in failing}
        if any((self.flow.ancestors([i]) - {i}) & indices for i in indices):
            return None  # a pass builds on another, and what it should compute on what that should
        found: dict[int, Any] = {}
        for pair in failing:
            self._left -= pair.node.size
            if self._left < 0:
                return None
            entries = list(np.ndindex(*pair.place.shape))
            right = self.chain.gradient(self.base, pair.place, pair.sources, entries) / pair.factor
            if not np.isfinite(right).all():
                return None
            for event, part in pair.node.held(right.reshape(pair.node.shape)).items():
                found[event] = _scaled(part)
        return found


def _scaled(part: Any) -> Any:
    """An action that puts a value there, times a constant."""

    def with_constant(constant: float) -> Any:
        return lambda value: constant * part(value)

    return with_constant
