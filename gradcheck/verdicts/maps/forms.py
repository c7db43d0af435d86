"""Slopes of ⟨u, F⟩ along v, measured and claimed, for many cotangents u along few directions v.

All outputs are known wherever the map was evaluated, so a further cotangent along the same direction costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.noise import measure_noise
from gradcheck.differences.settings import EPSILON
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.subjects.maps.map_subject import BudgetSpentError, MapSubject
from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.subjects.spaces.space import Direction
from gradcheck.subjects.subject import Point
from gradcheck.verdicts.maps.settings import MAP_VERDICTS

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FormSlope:
    """⟨u, J v⟩ as claimed and as measured.

    Attributes
    ----------
    claimed, numeric, error : float
        `error` is the error bar of their difference.
    kink : bool
        Whether the one-sided slopes differ.
    pushed : float or None
        What the product with the Jacobian claims, where it is given beside that with the adjoint.
    """

    claimed: float
    numeric: float
    error: float
    kink: bool = False
    pushed: float | None = None

    @property
    def gap(self) -> float:
        """Claimed minus numeric; of two claims the larger gap."""
        gap = self.claimed - self.numeric
        other = gap if self.pushed is None else self.pushed - self.numeric
        return gap if abs(gap) >= abs(other) else other

    @property
    def clearness(self) -> float:
        """The gap in units of its error bar; infinite where the claim is not finite."""
        return abs(self.gap) / max(self.error, 5e-324) if math.isfinite(self.gap) else math.inf

    @property
    def clear(self) -> bool:
        """Whether the gap is so many error bars that it is looked into."""
        return self.clearness > MAP_VERDICTS.followed


class Forms:
    """Bilinear forms of a map at one point.

    Parameters
    ----------
    subject : MapSubject
    prober : Prober
        Of the subject with some cotangent, at the point.
    limit : int
        Calls of the user's function that may be spent, those before included.
    """

    def __init__(self, subject: MapSubject, prober: Prober, limit: int) -> None:
        self.subject, self.limit = subject, limit
        self._prober = prober
        self.point: Point = prober.data.point
        self.scaling = prober.data.scaling
        self._noise_line: Direction | None = None
        self._products: dict[int, tuple[Direction, Vector]] = {}
        self._pullbacks: dict[bytes, Point] = {}

    @property
    def left(self) -> int:
        """Calls of the user's function that are left."""
        return max(0, self.limit - self.subject.evaluations.calls)

    def pullback(self, cotangent: Vector) -> Point:
        """The claimed adjoint applied to a cotangent."""
        key = cotangent.tobytes()
        found = self._pullbacks.get(key)
        if found is None:
            found = self.subject.with_cotangent(cotangent).gradient(self.subject.space.copy(self.point))
            if len(self._pullbacks) > MAP_VERDICTS.sampled_rows:
                self._pullbacks.clear()
            self._pullbacks[key] = found
        return found

    def product(self, direction: Direction) -> Vector:
        """The claimed Jacobian applied to a direction."""
        found = self._products.get(id(direction))
        if found is None:
            moved = self.subject.space.moved(direction)
            vectors = [
                self.subject.space.array(direction, b) if b in moved else np.zeros_like(x)
                for b, x in enumerate(self.point)
            ]
            found = direction, self.subject.product(self.subject.space.copy(self.point), vectors)
            self._products[id(direction)] = found
        return found[1]

    def column(self, block: int, index: tuple[int, ...], rng: np.random.Generator) -> tuple[Direction, float]:
        """A direction along one parameter, and how far it moves."""
        data, space = self._prober.data, self.subject.space
        return space.unit(data.point, data.claim, data.scaling, block, index, bits=self._prober.policy.bits, rng=rng)

    def part(self, direction: Direction, blocks: set[int]) -> Direction:
        """The direction with some blocks moving alone."""
        moved = {b: self.subject.space.array(direction, b) for b in self.subject.space.moved(direction) if b in blocks}
        return self.subject.space.given(moved, self.point)

    def slope(self, cotangent: Vector, direction: Direction, *, target: float, cost: int) -> FormSlope:
        """Claimed and measured slope of ⟨u, F⟩ along a direction.

        Parameters
        ----------
        cotangent : ndarray
        direction : Direction
        target : float
            The error bar to reach, in units of the slope.
        cost : int
            Values of ⟨u, F⟩ that may be looked at; those that are known cost no call. Where the budget does not suffice
            for the others, nothing is known of the slope.
        """
        try:
            return self._slope(cotangent, direction, target=target, cost=cost)
        except BudgetSpentError:
            return FormSlope(math.nan, math.nan, math.inf)

    def _slope(self, cotangent: Vector, direction: Direction, *, target: float, cost: int) -> FormSlope:
        weighed = self.subject.with_cotangent(cotangent)
        evaluator = Evaluator(weighed, cost)
        line = Line(
            evaluator,
            self.point,
            self.subject.space.given(
                {b: self.subject.space.array(direction, b) for b in self.subject.space.moved(direction)}, self.point
            ),
        )
        (value,) = line([0.0])
        level = self._noise(weighed, value)
        prober = Prober(self._prober.data, evaluator, self._prober.rng, self._prober.policy)
        estimate = prober.estimate(line, target=target, cost=cost, noise=level, centre=value)
        claimed, pushed, rounding = self._claimed(cotangent, direction)
        kink = estimate.right != estimate.left
        return FormSlope(claimed, estimate.value, estimate.error + rounding, kink, pushed)

    def _noise(self, weighed: MapSubject, value: float) -> float:
        """The noise of ⟨u, F⟩, from values along one and the same line for all cotangents."""
        floor = EPSILON * abs(value)
        if self._noise_line is None:
            self._noise_line = self._prober.line().direction
        line = Line(Evaluator(weighed, self.limit), self.point, self._noise_line)

        def values(steps: Sequence[float]) -> Sequence[float]:
            found = line(steps)
            if self.subject.evaluations.spent and not all(map(math.isfinite, found)):
                raise BudgetSpentError("the noise along this line is not known")
            return found

        measured = measure_noise(values, value, smallest=-self._prober.policy.bits)
        return max(MAP_VERDICTS.noise_margin * measured.level, floor)

    def _claimed(self, cotangent: Vector, direction: Direction) -> tuple[float, float | None, float]:
        """Claimed slope, what the other kind of product claims, and how far rounding may make them wrong."""
        claim, space = self.subject.claim, self.subject.space
        dtypes = [*self.subject.types, np.dtype(np.float64)]
        found: list[float] = []
        sizes = [0.0]
        if claim.pulls:
            gradient = self.pullback(cotangent)
            dtypes += [g.dtype for g in gradient]
            moved = space.moved(direction)
            terms = [np.multiply(gradient[b], space.array(direction, b), dtype=np.float64).ravel() for b in moved]
            found.append(sum(float(each.sum()) for each in terms))
            sizes += [float(np.linalg.norm(each)) for each in terms]
        if claim.pushes:
            terms_out = cotangent * self.product(direction)
            found.append(float(terms_out[cotangent != 0].sum()))
            sizes.append(float(np.linalg.norm(terms_out[cotangent != 0])))
        epsilon = max(float(np.finfo(dtype).eps) for dtype in dtypes)
        rounding = SPACES.claim_roundings * epsilon * max(sizes)
        return found[0], found[1] if len(found) > 1 else None, rounding
