"""Products with a Jacobian, and with its adjoint, are linear: tested on the claim itself, without the function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.maps.adjointness import REFUTED
from gradcheck.checks.maps.reproducible import difference, unsteady
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.subjects.maps.cotangent import random_cotangent
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]


Found = tuple[tuple[Finding, ...], tuple[str, ...]]


def linear_pullback(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """Whether the product with a cotangent depends on it, is linear in it, and is zero for zero."""
    subject = result.subject
    u, w = random_cotangent(result.scales, rng), random_cotangent(result.scales, rng)
    pulled = [_pulled(subject, each) for each in (u, w, u + w, np.zeros_like(u))]
    size = max(float(np.abs(each).max(initial=0.0)) for each in pulled[:2])
    if np.array_equal(pulled[0], pulled[1]) and size > 0:
        if result.verdict is not Verdict.FAIL:
            return (), ()
        evidence = "two random cotangents give the very same product"
        return (_finding(subject, "upstream-ignored", "the product ignores the cotangent", evidence),), ()
    return _judged(subject, pulled, size, rtol, "cotangent", lambda: _pulled(subject, u))


def linear_product(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """Whether the product with a direction is linear in it, and zero for zero."""
    subject = result.subject
    v, w = (_direction(subject, rng) for _ in range(2))
    both = [a + b for a, b in zip(v, w, strict=True)]
    none = [np.zeros_like(a) for a in v]
    pushed = [subject.product(subject.space.copy(subject.point), each) for each in (v, w, both, none)]
    size = max(float(np.abs(each).max(initial=0.0)) for each in pushed[:2])
    return _judged(
        subject, pushed, size, rtol, "direction", lambda: subject.product(subject.space.copy(subject.point), v)
    )


def _judged(
    subject: MapSubject, found: list[Vector], size: float, rtol: float, noun: str, again: Callable[[], Vector]
) -> Found:
    """Whether products of a sum and of zero are right; one that differs from call to call is said to."""
    findings, notes = _linear(subject, found, size, rtol, noun)
    off = difference(found[0], again) if findings or notes else 0.0
    return ((unsteady(subject, "the product", off),), ()) if off else (findings, notes)


def _linear(subject: MapSubject, found: list[Vector], size: float, rtol: float, noun: str) -> Found:
    one, other, both, none = found
    if float(np.abs(none).max(initial=0.0)) > REFUTED * size:
        at = f"for a {noun} of zero the product has entries up to {np.abs(none).max():.3g}"
        return (_finding(subject, "not-adjoint", f"the product is not linear in the {noun}", at),), ()
    off = float(np.abs(both - one - other).max(initial=0.0))
    evidence = f"the product of a sum differs from the sum of the products by {off:.3g}, entries are up to {size:.3g}"
    if off > REFUTED * size:
        return (_finding(subject, "not-adjoint", f"the product is not linear in the {noun}", evidence),), ()
    if off > rtol * size:
        return (), (f"{evidence}: a solver or an approximation inside the product may be the cause",)
    return (), ()


def _pulled(subject: MapSubject, cotangent: Vector) -> Vector:
    found = subject.with_cotangent(cotangent).gradient(subject.space.copy(subject.point))
    return np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in found])


def _direction(subject: MapSubject, rng: np.random.Generator) -> list[Vector]:
    return [np.copysign(rng.uniform(0.5, 1.0, x.shape), rng.uniform(-1.0, 1.0, x.shape)) for x in subject.point]


def _finding(subject: MapSubject, slug: str, message: str, evidence: str) -> Finding:
    mistake = BY_SLUG[slug]
    names = subject.input_names
    return Finding(mistake.code, slug, ", ".join(names), message, evidence, mistake.fix, blocks=names)
