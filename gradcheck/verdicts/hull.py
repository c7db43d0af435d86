"""A point on kinks: does the claim lie in the hull of the gradients around the point?

With three tied maxima each entry of (1, 1, 1) lies between the one-sided slopes along it, and yet it is no subgradient:
the weights of a maximum add up to one. Gradients are drawn around the point until their span stops growing.

Along a direction that is orthogonal to all differences of these gradients, the slope is one and the same everywhere
around the point. A claim with another slope there lies outside their affine hull, and differences of the loss along
that direction prove it. A claim in the affine hull may still lie outside the convex hull. Where the loss is convex or
concave around the point, all slopes there lie between the one-sided ones, and the direction that separates the claim
from the hull shows that it does not (Clarke, 1983, section 2.1; gradient sampling: Burke, Lewis and Overton, SIAM J.
Optim. 15, 2005).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.estimate import Status
from gradcheck.differences.powers import SUBNORMAL
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Vector
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.nearby import NearbyGradients
from gradcheck.verdicts.settings import VERDICTS


@dataclass(frozen=True, slots=True)
class Refutation:
    """A direction along which the claim has a slope that no gradient around the point has.

    Attributes
    ----------
    comparison : Comparison
        The claimed slope along it against the measured one.
    line : Line
    left, right : float
        The least and the largest slope around the point.
    blocks : tuple of int
        The blocks that the direction moves by more than a little.
    smooth : bool
        Whether the gradients around the point are all alike: the loss has no kink there, only the claim has.
    certain : bool
        Whether no kinks that are too near to be seen can explain the claim.
    """

    comparison: Comparison
    line: Line
    left: float
    right: float
    blocks: tuple[int, ...]
    smooth: bool
    certain: bool


def refutation(prober: Prober, blocks: Sequence[int], nearby: NearbyGradients) -> Refutation | None:
    """Proof that the claims for some blocks together are no subgradient; None if there is none.

    Parameters
    ----------
    prober : Prober
        At a point around which the gradient was found right.
    blocks : sequence of int
    nearby : NearbyGradients
        Of the point.
    """
    hull = _Hull(prober, blocks)
    entries = sum(prober.subject.blocks[b].size for b in blocks)
    spanning = entries + 2 * VERDICTS.span_idle if entries <= VERDICTS.hull_block else 0  # enough for any span
    most = min(max(2 * VERDICTS.most_pairs, spanning), VERDICTS.hull_entries // entries)
    while hull.count < most and hull.draw(nearby):
        if hull.spanned or hull.holds_claim:
            break
    if _refuted(hull, nearby) is None:
        return None
    while hull.count < most and hull.draw(nearby):  # an accusation rests on as many gradients as there may be
        pass
    return _refuted(hull, nearby)


def _refuted(hull: _Hull, nearby: NearbyGradients) -> Refutation | None:
    for beyond in hull.outside(nearby):
        found = _proved(hull.prober, hull, beyond, nearby)
        if found is not None:
            return found
    return None


class _Hull:
    """Gradients around a point, by their effects on the loss: each entry times its typical size."""

    def __init__(self, prober: Prober, blocks: Sequence[int]) -> None:
        self.prober, self.blocks = prober, blocks
        self._space, self._scaling = prober.subject.space, prober.data.scaling
        self._vectors: list[Vector] = [self._effects(prober.data.claim)]
        self._products: NDArray[np.float64] = np.array([[self._inner(self._vectors[0], self._vectors[0])]])
        self.rank = -1

    @property
    def count(self) -> int:
        """How many gradients there are."""
        return len(self._vectors) - 1

    @property
    def size(self) -> float:
        """Norm of the largest of them and of the claim."""
        return math.sqrt(max(float(self._products.diagonal().max()), 0.0))

    @property
    def spanned(self) -> bool:
        """Whether the span of their differences no longer grows: many of them have added nothing to it."""
        few = self.count // 2 - VERDICTS.span_margin
        return 0 <= self.rank <= max(few, self.count - VERDICTS.span_idle)

    @property
    def holds_claim(self) -> bool:
        """Whether the claim lies in the affine hull of the gradients so far."""
        return self.size_of(self._combined(self._beyond_affine())) <= VERDICTS.outside_hull * self.size

    def draw(self, nearby: NearbyGradients) -> bool:
        """Take in more gradients; False if there are none, or if their products are too large for arithmetic."""
        gradients = nearby.since(self.count)
        vectors = self._vectors + [self._effects(gradient) for gradient in gradients]
        known, n = len(self._vectors), len(vectors)
        products = np.empty((n, n))
        products[:known, :known] = self._products
        for i in range(known, n):
            for j in range(i + 1):
                products[i, j] = products[j, i] = self._inner(vectors[i], vectors[j])
        if not gradients or not np.isfinite(products).all():
            return False
        self._vectors, self._products = vectors, products
        values, _ = np.linalg.eigh(self._differences())
        self.rank = int((values > (VERDICTS.span_part * self.size) ** 2).sum())
        return True

    def outside(self, nearby: NearbyGradients) -> Iterator[dict[int, Any]]:
        """Directions along which the claim may be outside: of the affine hull, or of the convex one.

        The convex hull of a sample is smaller than that of all gradients, so that its shortest way to the claim may
        lead astray; that from the mean of the sample is tried as well.
        """
        if self.spanned and not self.holds_claim:
            yield self._combined(self._beyond_affine())
        elif self.rank > 0 and nearby.monotone(self.blocks):
            for weights in (self._beyond_convex(), self._beyond_mean()):
                beyond = self._combined(weights)
                if self.size_of(beyond) > VERDICTS.outside_convex * self.size:
                    yield beyond

    def _beyond_affine(self) -> NDArray[np.float64]:
        """Weights of claim and gradients that make the part of the claim outside the affine hull."""
        values, axes = np.linalg.eigh(self._differences())
        kept = values > (VERDICTS.span_part * self.size) ** 2
        towards = self._products[0, 2:] - self._products[0, 1] - self._products[1, 2:] + self._products[1, 1]
        steps = axes[:, kept] @ ((axes[:, kept].T @ towards) / values[kept])
        return np.concatenate([[1.0, steps.sum() - 1.0], -steps])

    def _beyond_convex(self) -> NDArray[np.float64]:
        """Weights that make the shortest vector from the convex hull to the claim."""
        from scipy.optimize import nnls

        values, axes = np.linalg.eigh(self._products)
        kept = values > (VERDICTS.span_part * self.size) ** 2
        places = (axes[:, kept] * np.sqrt(values[kept])).T  # one column for each vector, with the same inner products
        heavy = VERDICTS.weights_sum * self.size
        system = np.vstack([places[:, 1:], np.full(self.count, heavy)])
        shares, _ = nnls(system, np.append(places[:, 0], heavy))
        return np.concatenate([[1.0], -shares / shares.sum()])

    def _beyond_mean(self) -> NDArray[np.float64]:
        """Weights of claim and gradients that make the difference of the claim to their mean."""
        return np.concatenate([[1.0], np.full(self.count, -1.0 / self.count)])

    def _combined(self, weights: NDArray[np.float64]) -> dict[int, Any]:
        """The weighted sum of claim and gradients, by block."""
        return {
            b: self._space.combined([vector[i] for vector in self._vectors], weights.tolist())
            for i, b in enumerate(self.blocks)
        }

    def size_of(self, parts: Mapping[int, Any]) -> float:
        """Norm of a weighted sum."""
        return math.hypot(*(self._space.norm(part) for part in parts.values()))

    def moved(self, parts: Mapping[int, Any]) -> tuple[int, ...]:
        """The blocks in which a weighted sum is not negligible."""
        least = VERDICTS.span_part * self.size
        return tuple(b for b, part in parts.items() if self._space.norm(part) > least)

    def _effects(self, gradient: Vector) -> Vector:
        return tuple(self._space.effects(gradient[b], self._scaling[b]) for b in self.blocks)

    def _inner(self, one: Vector, other: Vector) -> float:
        return sum(self._space.inner(a, b) for a, b in zip(one, other, strict=True))

    def _differences(self) -> NDArray[np.float64]:
        """Inner products of the differences to the first gradient."""
        inner = self._products[1:, 1:]
        first = inner[0, 1:]
        return np.asarray(inner[1:, 1:] - first[:, None] - first[None, :] + inner[0, 0])


def _proved(prober: Prober, hull: _Hull, parts: dict[int, Any], nearby: NearbyGradients) -> Refutation | None:
    """The refutation along a direction, if differences of the loss prove that no slope there is the claimed one."""
    data, space, evaluator = prober.data, prober.subject.space, prober.evaluator
    bits = int(PROBES.zoomed_bits * data.mantissa)
    line = Line(evaluator, data.point, space.along(parts, data.point, data.claim, data.scaling, bits=bits))
    found = prober.measure(line, goal=VERDICTS.hull_target * hull.size_of(parts))
    estimate = found.estimate
    if estimate.status in (Status.NOT_FINITE, Status.SPENT) or not math.isfinite(found.error_bar):
        return None
    if prober.is_out_of_sight(line, found):
        return None
    slopes = [slope for g in nearby.found if math.isfinite(slope := space.dot(g, line.direction))]
    least, largest = sorted((estimate.left, estimate.right))
    slack = found.rounding + estimate.side_error + VERDICTS.hull_slack * max(map(abs, (found.claimed, *slopes)))
    if not all(least - slack <= slope <= largest + slack for slope in slopes):
        return None  # kinks of both signs, of which the one-sided slopes are not the extremes
    gap = max(found.claimed - largest, least - found.claimed)
    scale = max(abs(found.claimed), abs(least), abs(largest))
    if not (gap > PROBES.proof * slack and gap > data.rtol * scale):
        return None
    certain = _jumps(prober, line, gap, (least - slack, largest + slack), bits)
    return Refutation(found, line, least, largest, hull.moved(parts), smooth=hull.rank == 0, certain=certain)


def _jumps(prober: Prober, line: Line, gap: float, slopes: tuple[float, float], bits: int) -> bool:
    """Whether the claim differs at the point alone, and is not right in a very small neighbourhood of it.

    The loss has the other slopes down to the shortest steps that the noise allows. Closer to the point, where there may
    be kinks that no step shows, the claims have to be like those farther off.
    """
    data, _space, (least, largest) = prober.data, prober.subject.space, slopes
    noise = max(data.noise.level, SUBNORMAL)
    shortest = max(math.frexp(2 * PROBES.proof * noise / gap)[1], -bits)
    step = math.ldexp(1.0, shortest)
    ahead, behind = ((value - data.value) / end for value, end in zip(line((step, -step)), (step, -step), strict=True))
    slack = 2 * noise / step
    if not all(least - slack <= slope <= largest + slack for slope in (ahead, behind)):
        return False
    claims = _Claims(prober, line, slopes)
    if claims.differ_farther(shortest + VERDICTS.jump_margin):
        return True  # the claim holds around the point, and the loss says otherwise there
    closer = range(shortest - VERDICTS.jump_margin, VERDICTS.jump_exponent, -4)
    return not (any(claims.differ_at(k) for k in closer) or claims.differ_beside())


class _Claims:
    """Claims close to the point: like that at the point, or like those farther off?"""

    def __init__(self, prober: Prober, line: Line, slopes: tuple[float, float]) -> None:
        self._prober, self._line, self._slopes = prober, line, slopes
        self._shift = prober.subject.space.random_shift(prober.data.scaling, prober.rng)

    def differ_farther(self, exponent: int) -> bool:
        """As `differ_at`, with no entry much closer to the point than the others."""
        space, data = self._prober.subject.space, self._prober.data
        return self._differ_along(space.random_shift(data.scaling, self._prober.rng, least=0.5), exponent)

    def differ_at(self, exponent: int) -> bool:
        """Whether a claim at this distance, to one side or the other, has a slope that those farther off have not."""
        return self._differ_along(self._shift, exponent)

    def _differ_along(self, shift: Vector, exponent: int) -> bool:
        space, point = self._prober.subject.space, self._prober.data.point
        steps = [math.copysign(math.ldexp(1.0, exponent), sign) for sign in (1.0, -1.0)]
        return any(self._differs(space.displaced(point, shift, step)) for step in steps)

    def differ_beside(self) -> bool:
        """The same where each entry is changed by a small part of itself, which may be far below its typical size."""
        data, space = self._prober.data, self._prober.subject.space
        point = space.jittered(data.point, data.claim, VERDICTS.beside_roundings, self._prober.rng)
        return self._differs(space.displaced(point, self._shift, math.ldexp(1.0, VERDICTS.beside_zero)))

    def _differs(self, point: Vector) -> bool:
        space, (least, largest) = self._prober.subject.space, self._slopes
        try:
            gradient = self._prober.evaluator.gradient(self._prober.subject.representable(point))
        except Exception as error:
            pass_on_signal(error)
            return True
        return not least <= space.dot(gradient, self._line.direction) <= largest
