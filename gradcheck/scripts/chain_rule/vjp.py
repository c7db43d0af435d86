"""The chain rule, measured: what the adjoint of a variable is, given the adjoints that the program has downstream.

With adjoints D of variables U, the adjoint of z is the derivative of Σ⟨D, U⟩ + loss with respect to z, where each U,
and the loss, is held fixed when it is reached through another U. This sum is differenced in random directions, at
several base points.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.scripts.graph.dataflow import BasePoint, random_direction
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.values import Action, Array, broadcasts_to, reshape_or_broadcast
from gradcheck.scripts.replay.state import Path, StateVariable


@dataclass(frozen=True)
class ChainRuleSettings:
    """How slopes are measured and compared.

    Attributes
    ----------
    first_steps : tuple of int
        The largest step, relative to the size of the variable, is 2 to minus this. The second is used if the first
        leaves a large error.
    steps : int
        Steps in a Richardson table; each is a quarter of the one before.
    good_enough : float
        Relative error at which no smaller steps are tried.
    rounding : float
        Rounding error of one value of the sum, in units of machine epsilon.
    directions : int
        Random directions at each base point.
    tolerance, errors : float
        Claim and slope may differ by the first number, relative to the contributions of the entries, plus so many error
        bounds.
    known : float
        A slope with a larger relative error decides nothing.
    equal : float
        Relative difference of a factor from 1 up to which a claim is right.
    coarse_step, coarse_tolerance : float
        Two slopes from one step each rule out a proportionality that they contradict by more than this.
    kink : float
        A larger gap between one-sided slopes, relative to the slope, is a kink if it does not shrink with the step.
    zero, zero_errors : float
        A slope below the first number, or below so many of its error bounds, agrees with a claim of zero.
    """

    first_steps: tuple[int, ...] = (7, 14)
    steps: int = 3
    good_enough: float = 1e-7
    rounding: float = 8.0
    directions: int = 2
    tolerance: float = 2e-5
    errors: float = 4.0
    known: float = 1e-3
    equal: float = 1e-4
    coarse_step: float = 2.0**-10
    coarse_tolerance: float = 0.02
    kink: float = 1e-3
    zero: float = 1e-12
    zero_errors: float = 10.0


CHAIN_RULE = ChainRuleSettings()


@dataclass(frozen=True)
class Variable:
    """What a derivative is taken with respect to: a node of the forward pass, or a parameter."""

    node: Node | None = None
    parameter: StateVariable | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.node.shape if self.node is not None else self._parameter.value.shape

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape))

    @property
    def _parameter(self) -> StateVariable:
        assert self.parameter is not None
        return self.parameter

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in the program."""
        return tuple(self.node.names) if self.node is not None else (self._parameter.name,)

    @property
    def label(self) -> str:
        """The name for reports."""
        return self._parameter.name if self.node is None else self.node.label

    @property
    def key(self) -> object:
        """Equal for equal variables."""
        return self.node.index if self.node is not None else self._parameter.path

    def value(self, base: BasePoint) -> Array:
        """Its value at a base point."""
        return base.value(self.node) if self.node is not None else base.state(self._parameter.path)

    def set_to(self, value: Array) -> tuple[dict[int, Action], dict[Path, Array]]:
        """Actions, and values of state variables, that give it a value in a replay."""
        if self.node is not None:
            return self.node.set_to(value), {}
        return {}, {self._parameter.path: value}


@dataclass(frozen=True)
class UpstreamAdjoint:
    """A value of the backward pass: `scale` times the adjoint of a variable."""

    variable: Variable
    node: Node
    scale: float = 1.0

    def product(self, base: BasePoint, value: Array) -> float:
        """The inner product of the adjoint with a value of the variable."""
        return float((base.value(self.node).reshape(value.shape) * value).sum()) / self.scale


@dataclass(frozen=True)
class Pullback:
    """Σ⟨adjoint, variable⟩ + loss, as a function of one variable.

    Attributes
    ----------
    variable : Variable
    upstream : sequence of UpstreamAdjoint
        The terms of the sum.
    held : sequence of UpstreamAdjoint or None
        Their variables are held fixed, except where they are evaluated themselves; those of `upstream` if None.
    direct : bool
        Whether the loss is a term.
    pinned : sequence of Node
        Further nodes that are held fixed.
    """

    variable: Variable
    upstream: Sequence[UpstreamAdjoint] = ()
    held: Sequence[UpstreamAdjoint] | None = None
    direct: bool = True
    pinned: Sequence[Node] = ()


@dataclass(frozen=True)
class Proportionality:
    """How a claim compares with the chain rule.

    Attributes
    ----------
    factor : float
        The claim divided by what the chain rule gives, where it is proportional to that.
    proportional : bool
        Whether it is, in all directions at all base points.
    both_zero : bool
    known : bool
        Whether the slopes could be measured.
    """

    factor: float
    proportional: bool
    both_zero: bool = False
    known: bool = True

    @property
    def nonzero(self) -> bool:
        """Whether the claim is proportional to the chain rule, and not zero."""
        return self.proportional and not self.both_zero

    @property
    def right(self) -> bool:
        """Whether the claim is what the chain rule gives."""
        return self.both_zero or (self.proportional and abs(self.factor - 1) < CHAIN_RULE.equal)


class ChainRule:
    """Measures pull-backs at several base points.

    Parameters
    ----------
    bases : sequence of BasePoint
    loss : Node
    rng : numpy.random.Generator
    """

    def __init__(self, bases: Sequence[BasePoint], loss: Node, rng: np.random.Generator) -> None:
        self.bases, self.loss, self.rng = list(bases), loss, rng

    def value(self, pullback: Pullback, base: BasePoint, value: Array) -> float:
        """The pull-back at a value of its variable; NaN if the replay fails."""
        variable, upstream = pullback.variable, pullback.upstream
        own = [u for u in upstream if u.variable.key == variable.key]
        if own:
            return sum(u.product(base, value) for u in own)
        actions, values = variable.set_to(value)
        for other in upstream if pullback.held is None else pullback.held:
            if other.variable.node is not None and other.variable.key != variable.key:
                actions.update(other.variable.node.set_to(base.value(other.variable.node)))
        for node in pullback.pinned:
            actions.update(node.set_to(base.value(node)))
        inner = [(u, u.variable.node) for u in upstream if u.variable.node is not None]
        watched = [node for _, node in inner]
        seen = base.run([*watched, *([self.loss] if pullback.direct else [])], actions, values)
        if seen is None:
            return math.nan
        total = float(seen[-1].sum()) if pullback.direct else 0.0
        for (term, _), array in zip(inner, seen, strict=False):
            total += term.product(base, array)
        return total

    def slope(self, pullback: Pullback, base: BasePoint, direction: Array) -> tuple[float, float]:
        """Derivative of a pull-back along a direction, with an error bound: extrapolated central differences."""
        centre = pullback.variable.value(base)

        def phi(t: float) -> float:
            return self.value(pullback, base, centre + t * direction)

        best = (math.nan, math.inf)
        for first in CHAIN_RULE.first_steps:
            differences = []
            size = 0.0
            for k in range(CHAIN_RULE.steps):
                h = 2.0 ** -(first + 2 * k)
                above, below = phi(h), phi(-h)
                size = max(size, abs(above), abs(below))
                differences.append((above - below) / (2 * h))
            second = [(16 * b - a) / 15 for a, b in itertools.pairwise(differences)]
            third = (256 * second[1] - second[0]) / 255
            smallest = 2.0 ** -(first + 2 * CHAIN_RULE.steps - 2)
            noise = CHAIN_RULE.rounding * np.finfo(float).eps * size / smallest
            error = abs(third - second[1]) + noise
            if error < best[1]:
                best = (third, error)
            if error <= CHAIN_RULE.good_enough * max(abs(third), float(np.abs(direction).max()) * 1e-300):
                break
        return best

    def compare(self, pullback: Pullback, claim: Node, factor: float = 1.0) -> Proportionality:
        """Compare `factor` times a claim with the chain rule, at all base points."""
        variable = pullback.variable
        fits = claim.size == variable.size or (variable.node is None and broadcasts_to(claim.shape, variable.shape))
        if not fits or any(u.variable.size != u.node.size for u in pullback.upstream):
            return Proportionality(math.nan, proportional=False, known=False)
        if variable.size > 1 and not self._possible(pullback, claim):
            return Proportionality(math.nan, proportional=False)
        claimed: list[float] = []
        slopes: list[float] = []
        errors: list[float] = []
        norms: list[float] = []
        for base in reversed(self.bases):
            value = variable.value(base)
            array = factor * reshape_or_broadcast(base.value(claim), value.shape)
            for _ in range(CHAIN_RULE.directions if value.size > 1 else 1):
                direction = self.direction(value)
                slope, error = self.slope(pullback, base, direction)
                if not (math.isfinite(slope) and math.isfinite(error)):
                    return Proportionality(math.nan, proportional=False, known=False)
                claimed.append(float((array * direction).sum()))
                norms.append(float(np.linalg.norm(array * direction)))
                slopes.append(slope)
                errors.append(error)
                if len(slopes) > 1 and not proportionality(claimed, slopes, errors, norms).proportional:
                    break
        return proportionality(claimed, slopes, errors, norms)

    def has_kink(self, pullback: Pullback) -> bool:
        """Whether the one-sided slopes differ at some base point, as on a tie of a maximum."""
        first = CHAIN_RULE.first_steps[0]
        for base in self.bases:
            centre = pullback.variable.value(base)
            direction = self.direction(centre)
            middle = self.value(pullback, base, centre)
            gaps = []
            slope = 0.0
            for h in (2.0**-first, 2.0 ** -(first + 4)):
                ends = [self.value(pullback, base, centre + t * direction) for t in (h, -h)]
                gaps.append(abs(ends[0] + ends[1] - 2 * middle) / h)
                slope = abs(ends[0] - ends[1]) / (2 * h)
            if gaps[1] > max(
                0.5 * gaps[0], CHAIN_RULE.kink * slope
            ):  # curvature shrinks with the step, a kink does not
                return True
        return False

    def _possible(self, pullback: Pullback, claim: Node) -> bool:
        """Whether two coarse slopes leave it possible that a claim is proportional to the chain rule."""
        base = self.bases[-1]
        value = pullback.variable.value(base)
        array = reshape_or_broadcast(base.value(claim), value.shape)
        step = CHAIN_RULE.coarse_step
        coarse = []
        for _ in range(2):
            direction = self.direction(value)
            ends = [self.value(pullback, base, value + t * direction) for t in (step, -step)]
            slope = (ends[0] - ends[1]) / (2 * step)
            if not math.isfinite(slope) or slope == 0:
                return True  # one step decides nothing here
            product = array * direction
            coarse.append((float(product.sum()), slope, float(np.linalg.norm(product))))
        (c1, s1, n1), (c2, s2, n2) = coarse
        return abs(c1 * s2 - c2 * s1) <= CHAIN_RULE.coarse_tolerance * (n1 * abs(s2) + n2 * abs(s1))

    def direction(self, value: Array) -> Array:
        """A random direction of the size of a value."""
        return random_direction(value, self.rng)

    def gradient(self, pullback: Pullback, base: BasePoint, entries: Sequence[tuple[int, ...]]) -> Array:
        """The derivative of a pull-back with respect to some entries."""
        value = pullback.variable.value(base)
        found = np.zeros(len(entries))
        size = float(np.sqrt(np.mean(value * value))) or 1.0
        for i, index in enumerate(entries):
            direction = np.zeros(value.shape)
            direction[index] = size
            found[i] = self.slope(pullback, base, direction)[0] / size
        return found


def proportionality(
    claimed: Sequence[float], slopes: Sequence[float], errors: Sequence[float], norms: Sequence[float]
) -> Proportionality:
    """How claimed directional derivatives compare with measured slopes.

    Parameters
    ----------
    claimed, slopes : sequence of float
        One of each for each direction.
    errors : sequence of float
        Error bounds of the slopes.
    norms : sequence of float
        Norms of the entries' contributions to each claim.

    Examples
    --------
    >>> found = proportionality([2.0, 6.0], [1.0, 3.0], [1e-9, 1e-9], [2.0, 6.0])
    >>> found.proportional, found.factor
    (True, 2.0)
    """
    largest = max(norms)
    if largest == 0 and all(
        abs(s) <= CHAIN_RULE.zero_errors * e or abs(s) < CHAIN_RULE.zero for s, e in zip(slopes, errors, strict=True)
    ):
        return Proportionality(1.0, proportional=True, both_zero=True)
    if largest == 0:
        return Proportionality(0.0, proportional=False)
    weights = [1 / n**2 if n > 0 else 0.0 for n in norms]
    bottom = sum(w * s * s for w, s in zip(weights, slopes, strict=True))
    if not bottom > 0:
        return Proportionality(math.inf, proportional=False)
    factor = sum(w * s * c for w, s, c in zip(weights, slopes, claimed, strict=True)) / bottom
    if factor == 0 or not math.isfinite(factor):
        return Proportionality(factor, proportional=False)
    proportional = known = True
    for c, s, e, n in zip(claimed, slopes, errors, norms, strict=True):
        if abs(factor) * e > CHAIN_RULE.known * max(n, abs(c)):
            known = False
        if abs(c - factor * s) > CHAIN_RULE.errors * abs(factor) * e + CHAIN_RULE.tolerance * n:
            proportional = False
    return Proportionality(factor, proportional, known=known or not proportional)
