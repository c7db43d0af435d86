"""The dot test: ⟨u, A v⟩ = ⟨A* u, v⟩ for random u and v, with an error bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.maps.reproducible import difference, unsteady
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.subjects.maps.cotangent import random_cotangent
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]

#: So many pairs of vectors are drawn.
PAIRS = 3

#: A contradiction of this part of the terms refutes a claim; a smaller one may be that of a solver inside it.
REFUTED = 0.05

#: Rounding of one inner product, in units of the root of the sum of squares of its terms and of the square root of
#: their number.
ROUNDINGS = 32.0


@dataclass(frozen=True, slots=True)
class DotTest:
    """⟨u, A v⟩ and ⟨A* u, v⟩ for one pair of vectors.

    Attributes
    ----------
    forward, backward : float
    error : float
        How far rounding may make them differ.
    tolerance : float
        The difference that matters.
    size : float
        Root of the sum of squares of the terms.
    """

    forward: float
    backward: float
    error: float
    tolerance: float
    size: float

    @property
    def gap(self) -> float:
        """Their difference."""
        return self.forward - self.backward

    @property
    def refuted(self) -> bool:
        """Whether the difference is too large for a solver."""
        return abs(self.gap) > max(self.error, REFUTED * self.size)

    @property
    def holds(self) -> bool:
        """Whether rounding explains the difference, or it does not matter."""
        return not abs(self.gap) > max(self.error, self.tolerance)

    def __str__(self) -> str:
        return (
            f"⟨u, A v⟩ = {self.forward:.10g}, ⟨A* u, v⟩ = {self.backward:.10g}: they differ by {abs(self.gap):.1e}, "
            f"and rounding explains {self.error:.1e}"
        )


def dot_tests(subject: MapSubject, scales: Vector, rng: np.random.Generator, rtol: float) -> list[DotTest]:
    """The dot test at the user's point, for a claim with both products."""
    epsilon = max(float(np.finfo(dtype).eps) for dtype in (*subject.types, np.dtype(np.float64)))
    found = []
    for _ in range(PAIRS):
        u = random_cotangent(scales, rng)
        vectors = [
            np.copysign(rng.uniform(0.5, 1.0, x.shape), rng.uniform(-1.0, 1.0, x.shape)) * _typical(x)
            for x in subject.point
        ]
        pushed = subject.product(subject.space.copy(subject.point), vectors)
        pulled = subject.with_cotangent(u).gradient(subject.space.copy(subject.point))
        forward_terms = u * pushed
        backward_terms = np.concatenate(
            [np.multiply(g, v, dtype=np.float64).ravel() for g, v in zip(pulled, vectors, strict=True)]
        )
        size = max(float(np.linalg.norm(forward_terms)), float(np.linalg.norm(backward_terms)))
        count = math.sqrt(max(forward_terms.size, backward_terms.size))
        error = ROUNDINGS * epsilon * count * size
        found.append(DotTest(float(forward_terms.sum()), float(backward_terms.sum()), error, rtol * size, size))
    return found


def _typical(x: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes = np.abs(x)
    some = sizes[sizes > 0]
    return np.maximum(sizes, float(np.median(some)) if some.size else 1.0)


def adjointness(
    result: MapResult, rng: np.random.Generator, rtol: float
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The finding that two products do not belong together, where a claim has both from different functions."""
    subject = result.subject
    if not (subject.claim.pulls and subject.claim.pushes) or not independent(subject):
        return (), ()
    tests = dot_tests(subject, result.scales, rng, rtol)
    if all(test.holds for test in tests):
        worst = max(tests, key=lambda test: abs(test.gap))
        return (), (f"dot test: {worst}",)
    worst = max(tests, key=lambda test: abs(test.gap) / test.size if test.size else 0.0)
    off = _unsteady_product(subject, result.scales, rng)
    if off:
        return (unsteady(subject, "the product", off),), ()
    if not worst.refuted and result.verdict is not Verdict.FAIL:
        return (), (f"dot test: {worst}; a solver or an approximation inside one of them may be the cause",)
    mistake = BY_SLUG["not-adjoint"]
    where = ", ".join(subject.input_names)
    finding = Finding(
        mistake.code, mistake.slug, where, mistake.description, str(worst), mistake.fix, blocks=subject.input_names
    )
    return (finding,), ()


def _unsteady_product(subject: MapSubject, scales: Vector, rng: np.random.Generator) -> float:
    """By how much one of the two products differs from call to call."""
    u = random_cotangent(scales, rng)
    vectors = [rng.uniform(0.5, 1.0, x.shape) for x in subject.point]

    def pushed() -> Vector:
        return subject.product(subject.space.copy(subject.point), vectors)

    def pulled() -> Vector:
        found = subject.with_cotangent(u).gradient(subject.space.copy(subject.point))
        return np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in found])

    return max(difference(pushed(), pushed), difference(pulled(), pulled))


def independent(subject: MapSubject) -> bool:
    """Whether the two products of a claim come from different functions of the user."""
    subject.gradient_probe()
    matrix = subject.claimed_matrix(subject.point)
    if matrix is not None:
        return any(
            not hasattr(block, "matrix") and hasattr(block, "rmatvec") and type(block).__name__ != "Absent"
            for block in matrix.blocks.values()
        )
    return getattr(subject.claim, "independent", False)
