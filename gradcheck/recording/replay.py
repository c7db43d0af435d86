"""What some values would have to be: claims computed again with others in their place, and which are worth a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.claims import Claim
from gradcheck.recording.graph import Graph, Value
from gradcheck.recording.matching import Matches
from gradcheck.recording.record import equal
from gradcheck.recording.settings import RECORDING
from gradcheck.tracebacks import pass_on_signal


def scale_of(truth: Any, value: Any, tolerance: float) -> float | None:
    """The constant by which a value is a multiple of the truth, where that is not NaN; None if it is none."""
    a, b = np.asarray(truth).reshape(-1), np.asarray(value, dtype=np.float64).reshape(-1)
    known = ~np.isnan(a)
    a, b = a[known], b[known]
    size = float(a @ a)
    scale = float(a @ b) / size if size else 0.0
    if not np.isfinite(scale) or scale == 0.0 or not equal(b, scale * a, tolerance):
        return None
    return scale


class Replay:
    """Claims computed again with other values of one expression.

    Parameters
    ----------
    graph : Graph
        With the values that were put right before.
    values : sequence of Value
    claims : sequence of Claim
    matches : Matches
    tolerance : float

    Attributes
    ----------
    size : int
        The number of values that one replay computes.
    """

    def __init__(
        self, graph: Graph, values: Sequence[Value], claims: Sequence[Claim], matches: Matches, tolerance: float
    ) -> None:
        self._graph, self._claims, self._matches, self._tolerance = graph, claims, matches, tolerance
        ids = [value.id for value in values]
        self._order = graph.order(ids, {claim.id for claim in claims})
        self.size = len(self._order)
        made = {*ids, *(value.id for value in self._order)}
        self._reached = [k for k, claim in enumerate(claims) if claim.id in made]
        self._wanted = {claims[k].id for k in self._reached}
        self._values = {i: np.asarray(graph.values[i].array, dtype=np.float64) for i in ids}
        self._asked = 0

    def may_help(self, instead: Mapping[int, Any]) -> bool:
        """Whether a substitution can make a claim right, as far as products with the claims show.

        A claim that is linear in the values needs no replay to tell. The first few substitutions are always replayed.
        """
        self._asked += 1
        if self._asked <= RECORDING.unscreened or not self._reached:
            return True
        if self._screens is None:
            return not self._is_forward
        return any(screen.lets_pass(instead) for screen in self._screens)

    @cached_property
    def _is_forward(self) -> bool:
        """Whether all values are those of the forward pass, computed again: what is made of them is not linear."""
        return all(self._matches.is_forward(array) for array in self._values.values())

    @cached_property
    def _screens(self) -> list[_Screen] | None:
        """One for each claim; None if a claim is not linear in the values, or an operation has no rule."""
        generator = np.random.default_rng(0)
        claims = [self._claims[k] for k in self._reached]
        if len(claims) > RECORDING.most_screens:
            return None
        moved = {
            each: array + np.maximum(np.linalg.norm(array), 1e-300) * generator.standard_normal(array.shape)
            for each, array in self._values.items()
        }
        twice = {each: 2.0 * array - self._values[each] for each, array in moved.items()}
        within = {value.id for value in self._order} | set(self._values)
        try:
            new, further = self._computed(moved), self._computed(twice)
            for each in self._wanted:
                now = np.asarray(self._graph.values[each].array)
                if not equal(2.0 * np.asarray(new[each]), np.asarray(further[each]) + now, RECORDING.screened):
                    return None
            screens = [_Screen.of(self._graph, claim, self._values, within, generator) for claim in claims]
        except Exception as error:
            pass_on_signal(error)
            return None
        return screens if all(s.predicts(moved, new[c.id]) for s, c in zip(screens, claims, strict=True)) else None

    def tried(self, instead: Mapping[int, Any]) -> tuple[frozenset[int], float] | None:
        """The claims that a substitution makes right, up to one constant that is common to all."""
        if not self._reached:
            return None
        claims = self._claims
        try:
            new = self._computed(instead)
            scales = {k: scale_of(claims[k].truth, new[claims[k].id], self._tolerance) for k in self._reached}
            fixed = {k: scale for k, scale in scales.items() if scale is not None}
            if not fixed:
                return self._with_constant(instead, new)
            large = max(fixed, key=lambda k: np.size(claims[k].truth))
            scale = fixed[large]
            if np.size(claims[large].truth) < 3 and abs(scale - 1.0) > 1e-7:
                return None
            alike = frozenset(k for k, one in fixed.items() if abs(one / scale - 1.0) < 1e-6)
            if abs(scale - 1.0) > 1e-7:
                new = self._computed({each: array / scale for each, array in instead.items()})
                right = {k for k in self._reached if equal(claims[k].truth, new[claims[k].id], self._tolerance)}
                if not alike <= right:
                    return None
                now = self._values
                if any(scale_of(x, now[each], self._tolerance) is None for each, x in instead.items() if each in now):
                    alike |= right  # also those with terms that are made of nothing of it, unless a constant is all
        except Exception as error:
            pass_on_signal(error)
            return None
        return alike, scale

    def _with_constant(self, instead: Mapping[int, Any], new: Mapping[int, Any]) -> tuple[frozenset[int], float] | None:
        """The claims that a multiple of a substitution makes right: they have terms that are made of nothing of it."""
        claims = [(k, self._claims[k]) for k in self._reached if np.size(self._claims[k].truth) > 2]
        for _, claim in claims:
            known = ~np.isnan(claim.truth)
            rest = np.asarray(self._rest[claim.id])[known]
            step, wanted = np.asarray(new[claim.id])[known] - rest, claim.truth[known] - rest
            size = float(step @ step)
            constant = float(step @ wanted) / size if size else 0.0
            if not constant or not equal(wanted, constant * step, self._tolerance):
                continue
            if scale_of(claim.truth, self._rest[claim.id], self._tolerance) is not None:
                continue  # whatever is a multiple of the truth would help
            scaled = self._computed({each: constant * array for each, array in instead.items()})
            fixed = [k for k, each in claims if equal(each.truth, scaled[each.id], self._tolerance)]
            if fixed:
                return frozenset(fixed), 1.0 / constant
        return None

    @cached_property
    def _rest(self) -> dict[int, Any]:
        """The claims if the values were zero."""
        return self._computed({each: np.zeros(np.shape(array)) for each, array in self._values.items()})

    def _computed(self, instead: Mapping[int, Any]) -> dict[int, Any]:
        return self._graph.recomputed(instead, self._wanted, self._order)


@dataclass(frozen=True)
class _Screen:
    """Two random products with a claim, and how they change with some values that it is linear in.

    Attributes
    ----------
    values : dict of int to ndarray
    weights : tuple of ndarray
        The random factors.
    slopes : tuple of dict of int to ndarray
        Derivatives of the products with respect to the values.
    now, right, rest : tuple of float
        The products with the claim, with what it has to be, and with what it would be if the values were zero.
    has_scale : bool
        Whether the claim may be right up to a constant: of few entries every one is that.
    """

    values: Mapping[int, Any]
    weights: tuple[Any, ...]
    slopes: tuple[dict[int, Any], ...]
    now: tuple[float, ...]
    right: tuple[float, ...]
    rest: tuple[float, ...]
    has_scale: bool

    @classmethod
    def of(
        cls, graph: Graph, claim: Claim, values: Mapping[int, Any], within: set[int], generator: np.random.Generator
    ) -> _Screen:
        known = ~np.isnan(claim.truth)
        weights = tuple(np.where(known, generator.standard_normal(np.shape(claim.truth)), 0.0) for _ in range(2))
        slopes = tuple(adjoints(graph, {claim.id: each}, within, values).of for each in weights)
        truth = np.where(known, claim.truth, 0.0)
        array = graph.values[claim.id].array
        now = tuple(float(np.vdot(each, array)) for each in weights)
        right = tuple(float(np.vdot(each, truth)) for each in weights)
        made = (sum(float(np.vdot(each[i], x)) for i, x in values.items() if i in each) for each in slopes)
        rest = tuple(one - other for one, other in zip(now, made, strict=True))
        return cls(values, weights, slopes, now, right, rest, np.size(claim.truth) > 2)

    def _products(self, instead: Mapping[int, Any]) -> tuple[list[float], float]:
        """The products with the claim after a substitution, and the size of what was summed for them."""
        found, size = [], 0.0
        for now, slopes in zip(self.now, self.slopes, strict=True):
            parts = [float(np.vdot(slopes[i], x - self.values[i])) for i, x in instead.items() if i in slopes]
            found.append(now + sum(parts))
            size = max(size, abs(now), *map(abs, parts)) if parts else max(size, abs(now))
        return found, size

    def lets_pass(self, instead: Mapping[int, Any]) -> bool:
        """Whether the products after a substitution are those of the right claim, or of a multiple of it."""
        (one, other), size = self._products(instead)
        bound = RECORDING.screened * max(size, *map(abs, self.right))
        if not self.has_scale:
            return abs(one - self.right[0]) <= bound
        size = max(abs(one), abs(other), *map(abs, (*self.right, *self.rest)))
        (right, again), (rest, same) = self.right, self.rest
        of_claim = one * again - other * right
        of_values = (one - rest) * (again - same) - (other - same) * (right - rest)
        return min(abs(of_claim), abs(of_values)) <= bound * size

    def predicts(self, instead: Mapping[int, Any], array: Any) -> bool:
        """Whether the claim after a substitution is what the slopes say."""
        found, size = self._products(instead)
        pairs = zip(found, self.weights, strict=True)
        return all(abs(one - float(np.vdot(each, array))) <= RECORDING.screened * size for one, each in pairs)
