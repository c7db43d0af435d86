"""The Richardson table: central differences at steps 2^k, extrapolated, each with its error bar.

Steps are powers of two, so that dividing by them is exact.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from gradcheck.differences.estimate import Difference
from gradcheck.differences.settings import EPSILON, STEPS

#: A function of one real number, evaluated at several steps at once.
Function = Callable[[Sequence[float]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """An extrapolated slope with the parts of its error bar, and the exponent of the smallest step that it uses.

    `order` is the power of the step with which the truncation shrinks, 0 where no regular shrinking was seen; `width`
    is by how much the one-sided slopes differ, where they do.
    """

    value: float
    truncation: float
    roundoff: float
    exponent: int
    order: int
    width: float = 0.0

    @property
    def error(self) -> float:
        """The whole error bar."""
        return self.truncation + self.roundoff + self.width


@dataclass(frozen=True, slots=True)
class OneSided:
    """One-sided slopes at 0 and the error bar of their difference, from one run of three levels."""

    left: float
    right: float
    error: float

    @property
    def seen(self) -> bool:
        """Whether the two differ by more than the bar."""
        return abs(self.right - self.left) > self.error


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table shows: its best slope, the one-sided slopes at the same steps, and whether 0 itself is a kink."""

    best: Extrapolated
    sides: OneSided
    kink: bool


@dataclass(slots=True)
class RichardsonTable:
    """Function values at ±2^k around 0.

    Parameters
    ----------
    function : callable
        Values at several steps; NaN or infinite outside its domain.
    centre : float
        Its value at 0.
    noise : float
        Bound on the error of one value.
    """

    function: Function
    centre: float
    noise: float
    values: dict[int, tuple[float, float]] = field(default_factory=dict)
    evaluations: int = 0
    _finite: set[int] = field(default_factory=set)
    _sides: dict[int, OneSided] = field(default_factory=dict)

    def reach(self, exponents: Iterable[int]) -> bool:
        """Evaluate at ±2^k for the exponents that are new; True if all values are finite."""
        wanted = list(exponents)
        fresh = [k for k in wanted if k not in self.values]
        steps = [sign * math.ldexp(1.0, k) for k in fresh for sign in (1.0, -1.0)]
        found = list(self.function(steps)) if steps else []
        self.evaluations += len(found)
        for i, k in enumerate(fresh):
            self.values[k] = plus, minus = found[2 * i], found[2 * i + 1]
            if math.isfinite(plus) and math.isfinite(minus):
                self._finite.add(k)
        self._notice_quantum()
        self._sides.clear()  # they depend on the noise
        return self._finite.issuperset(wanted)

    def finite(self, exponent: int) -> bool:
        """Whether both values at this level are known and finite."""
        return exponent in self._finite

    def _notice_quantum(self) -> None:
        """Raise the noise to half the grid spacing if values lie on a grid.

        Values rounded to a grid stay the same over small steps and change by multiples of one size over longer ones.
        Then no value is known better than to half of that size.
        """
        if not any(plus == minus == self.centre for plus, minus in self.values.values()):
            return
        changes = [abs(value - self.centre) for pair in self.values.values() for value in pair]
        changes = [change for change in changes if 0 < change < math.inf]
        quantum = min(changes, default=0.0)
        near = [change / quantum for change in changes if change < STEPS.quantum_steps * quantum]
        if len(near) >= STEPS.run and all(abs(ratio - round(ratio)) < STEPS.quantum_slack for ratio in near):
            self.noise = max(self.noise, 0.5 * quantum)

    def beyond(self, exponent: int) -> bool:
        """Whether this level is known to lie outside the domain."""
        return any(k <= exponent for k in self.values.keys() - self._finite)

    def has_run(self, exponent: int) -> bool:
        """Whether three consecutive levels from this one upward are known and finite."""
        return self._finite.issuperset(range(exponent, exponent + STEPS.run))

    def fresh_runs(self, exponents: Iterable[int]) -> list[int]:
        """Those levels from which three were not all evaluated yet, and none is known to lie outside the domain."""
        return [k for k in exponents if not self.has_run(k) and not self.beyond(k + STEPS.run - 1)]

    def noise_at(self, exponent: int) -> float:
        """Noise bound at a level: values far from the centre may be larger, and round more coarsely."""
        size = max(map(abs, self.values[exponent]))
        larger = size / max(abs(self.centre), self.noise, sys.float_info.min)
        roundings = min(math.sqrt(larger / STEPS.far), STEPS.far_roundings) if larger > STEPS.far else 1.0
        return max(self.noise, EPSILON * roundings * size)

    def central(self, exponent: int) -> float:
        """Central difference at a level."""
        plus, minus = self.values[exponent]
        return math.ldexp(plus - minus, -exponent - 1)

    def differences(self) -> tuple[Difference, ...]:
        """The central differences of all levels that are known and finite."""
        return tuple(
            Difference(math.ldexp(1.0, k), self.central(k), math.ldexp(self.noise_at(k), -k))
            for k in sorted(self._finite)
        )

    def read(self, low: int, high: int) -> Reading:
        """Read the runs that start between two levels, of which the lower one must be a run."""
        best = self._best(low, high)
        return Reading(best, self.one_sided(best.exponent), self._lasting_kink(low))

    def _best(self, low: int, high: int) -> Extrapolated:
        """The extrapolated slope with the smallest error bar.

        Where the one-sided slopes differ, their difference is part of the bar.
        """
        found = []
        for k in range(low, high + 1):
            if self.has_run(k):
                sides = self.one_sided(k)
                found += self.extrapolated(k, width=abs(sides.right - sides.left) if sides.seen else 0.0)
        best = min(found, key=lambda slope: slope.error)
        apart = _contradiction(best, found)
        return replace(best, truncation=best.truncation + apart) if apart else best

    def _lasting_kink(self, low: int) -> bool:
        """Whether the one-sided slopes differ at the smallest steps as they do at steps 16 times larger.

        Then the kink is at 0 itself.
        """
        if not (self.has_run(low) and self.has_run(low + STEPS.shrink)):
            return False
        fine, coarse = self.one_sided(low), self.one_sided(low + STEPS.shrink)
        if min(abs(sides.right - sides.left) - 2 * sides.error for sides in (fine, coarse)) <= 0:
            return False
        difference = abs((fine.right - fine.left) - (coarse.right - coarse.left))
        return difference <= fine.error + coarse.error + STEPS.lasting * abs(coarse.right - coarse.left)

    def extrapolated(self, exponent: int, width: float = 0.0) -> list[Extrapolated]:
        """Richardson-extrapolated slopes of the run that starts at this level, with their bars.

        The tableau T[k] at step h combines levels h … 2^k·h and has an error of order h^(2k+2). Its truncation is
        judged by how far it moves from step 2h to step h, T[k](2h) - T[k](h), which is 4^(k+1) - 1 times the error
        left at h if the series behaves. That is believed only where the moves of the plain differences themselves
        shrink by about four; elsewhere the bar is the whole move. `width` is handed on to each slope.
        """
        top = exponent
        while self.finite(top + 1) and top - exponent < STEPS.levels:
            top += 1
        steps = range(exponent, top + 1)
        row = [self.central(k) for k in steps]
        weight = [self.noise_at(k) * math.ldexp(1.0, -k) for k in steps]
        moves = [abs(b - a) for a, b in itertools.pairwise(row)]
        regular = self._regular(moves, weight)
        found: list[Extrapolated] = []
        scale = moves[0]
        decay = min(STEPS.fastest_decay, moves[0] / abs(row[0])) if row[0] else STEPS.fastest_decay
        for order in range(len(row) - 1):
            move = abs(row[1] - row[0])
            if regular:
                scale = max(move, scale * decay)
                truncation = scale / (STEPS.plain_truncation if order == 0 else STEPS.extrapolated_truncation)
            else:
                truncation = max(moves[0], moves[1]) if len(moves) > 1 else moves[0]
            found.append(Extrapolated(row[0], truncation, weight[0], exponent, 2 * order + 2 if regular else 0, width))
            if not regular:
                break
            factor = 4.0 ** (order + 1)
            row = [(factor * a - b) / (factor - 1) for a, b in itertools.pairwise(row)]
            weight = [(factor * a + b) / (factor - 1) for a, b in itertools.pairwise(weight)]
            if len(row) < 2:
                break
        return found

    def regular(self, row: list[float], weight: list[float]) -> list[bool]:
        """For each pair of successive moves of plain differences, whether it shrinks like h²."""
        moves = [abs(b - a) for a, b in itertools.pairwise(row)]
        return [self._regular(moves[i : i + 2], weight[i:]) for i in range(len(moves) - 1)]

    @staticmethod
    def _regular(moves: list[float], weight: list[float]) -> bool:
        """Whether successive moves shrink like h² down to the noise."""
        if len(moves) < 2:
            return False
        fine, coarse = moves[0], moves[1]
        lost = STEPS.regular_noise * weight[0]
        if fine <= lost and coarse <= STEPS.regular_noise * weight[1] + 4 * lost:
            return True  # nothing but noise in either: no truncation to be seen
        if fine <= lost:
            return coarse <= STEPS.regular_lost * (fine + weight[0])
        return STEPS.regular_fine * fine - weight[1] <= coarse <= STEPS.regular_coarse * fine + weight[1]

    def one_sided(self, exponent: int) -> OneSided:
        """One-sided slopes at 0 from the run that starts at this level.

        The difference of the one-sided quotients of a smooth function is odd in h: eliminating h and h³ leaves h⁵.
        What the last elimination changed is the bar of the truncation.
        """
        if exponent not in self._sides:
            self._sides[exponent] = self._one_sided(exponent)
        return self._sides[exponent]

    def _one_sided(self, exponent: int) -> OneSided:
        spread = [self._second(exponent + i) for i in range(STEPS.run)]
        better = (16 * spread[0] - 10 * spread[1] + spread[2]) / 7
        cruder = 2 * spread[0] - spread[1]
        noise = STEPS.one_sided_noise * self.noise_at(exponent + STEPS.run - 1) * math.ldexp(1.0, -exponent)
        right = self._extrapolated([self._forward(exponent + i) for i in range(STEPS.run)])
        left = self._extrapolated([self._backward(exponent + i) for i in range(STEPS.run)])
        middle = 0.5 * (left + right)
        return OneSided(middle - 0.5 * better, middle + 0.5 * better, noise + abs(better - cruder))

    def one_sided_gap(self, exponent: int) -> float:
        """Gap of the one-sided slopes from steps h and 2h: where the function is smooth it is odd in h."""
        return 2 * self._second(exponent) - self._second(exponent + 1)

    def curvature(self, exponent: int) -> float:
        """Second difference quotient at a level."""
        return math.ldexp(self._second(exponent), -exponent)

    def rise(self) -> float:
        """By how much the values change over the longest step, per unit of step."""
        top = max(k for k in self.values if self.finite(k))
        return math.ldexp(max(abs(value - self.centre) for value in self.values[top]), -top)

    def _second(self, exponent: int) -> float:
        plus, minus = self.values[exponent]
        return math.ldexp((plus - self.centre) + (minus - self.centre), -exponent)

    def _forward(self, exponent: int) -> float:
        return math.ldexp(self.values[exponent][0] - self.centre, -exponent)

    def _backward(self, exponent: int) -> float:
        return math.ldexp(self.centre - self.values[exponent][1], -exponent)

    @staticmethod
    def _extrapolated(quotients: list[float]) -> float:
        return (8 * quotients[0] - 6 * quotients[1] + quotients[2]) / 3


def _contradiction(best: Extrapolated, found: list[Extrapolated]) -> float:
    """How far the best slope is from the interval of another one that shrinks regularly, from steps of similar length.

    A bar can be small by luck, where kinks make the differences wander; two bars that do not meet show it.
    """
    rivals = [slope for slope in found if slope.order and abs(slope.exponent - best.exponent) <= STEPS.shrink]
    return max((max(abs(slope.value - best.value) - slope.error - best.error, 0.0) for slope in rivals), default=0.0)
