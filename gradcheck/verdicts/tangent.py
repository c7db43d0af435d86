"""Gradients on a manifold, claimed for a function of the space around it: right along the manifold, zero across it.

Such a claim is no gradient of the function as it was passed, and no mistake either. Three things identify it: the point
lies on a well-known manifold, the claim is tangent to it, and slopes along random tangents are those of the claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.line import Line
from gradcheck.probes.place import Place
from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Manifold:
    """A set of arrays, with the nearest tangent to a direction.

    Attributes
    ----------
    name : str
        As a sentence has it: "the unit sphere".
    holds : callable
        How far a point is from lying on it.
    project : callable
        The tangent nearest to a direction, from the point and the direction.
    """

    name: str
    holds: Callable[[Array], float]
    project: Callable[[Array, Array], Array]


def _off_sphere(x: Array, axis: int | None) -> float:
    return float(np.abs(np.sqrt((x * x).sum(axis=axis)) - 1.0).max())


def _on_sphere(x: Array, v: Array, axis: int | None) -> Array:
    inner = (x * v).sum(axis=axis, keepdims=axis is not None)
    return np.asarray(v - x * inner / (x * x).sum(axis=axis, keepdims=axis is not None))


def _matrices(test: Callable[[Array], float]) -> Callable[[Array], float]:
    """The test for matrices; nothing else lies on the manifold."""
    return lambda x: test(x) if x.ndim == 2 and min(x.shape) > 1 else np.inf


def _off_orthonormal(x: Array) -> float:
    return float(np.abs(x.T @ x - np.eye(x.shape[1])).max()) if x.shape[0] >= x.shape[1] else np.inf


def _on_orthonormal(x: Array, v: Array) -> Array:
    inner = x.T @ v
    return np.asarray(v - x @ (inner + inner.T) / 2)


def _off_symmetric(x: Array) -> float:
    if x.shape[0] != x.shape[1] or not (x - np.diag(np.diag(x))).any():
        return np.inf  # a diagonal matrix is symmetric by chance
    return float(np.abs(x - x.T).max() / np.abs(x).max())


def _off_simplex(x: Array) -> float:
    return abs(float(x.sum()) - 1.0) if x.ndim == 1 and (x > 0).all() else np.inf


#: The manifolds that people optimise on most, the smallest first.
MANIFOLDS = (
    Manifold("the matrices with orthonormal columns", _matrices(_off_orthonormal), _on_orthonormal),
    Manifold("the unit sphere", lambda x: _off_sphere(x, None), lambda x, v: _on_sphere(x, v, None)),
    Manifold(
        "the matrices with columns of length one",
        _matrices(lambda x: _off_sphere(x, 0)),
        lambda x, v: _on_sphere(x, v, 0),
    ),
    Manifold(
        "the matrices with rows of length one", _matrices(lambda x: _off_sphere(x, 1)), lambda x, v: _on_sphere(x, v, 1)
    ),
    Manifold("the symmetric matrices", _matrices(_off_symmetric), lambda x, v: np.asarray((v + v.T) / 2)),
    Manifold("the probabilities that add up to one", _off_simplex, lambda x, v: v - v.mean()),
)


def recognised_tangents(evaluator: Evaluator, found: CheckResult, rtol: float, rng: np.random.Generator) -> CheckResult:
    """The result, with blocks undecided that are right as gradients on a manifold through the user's point."""
    if evaluator.subject.space is not NUMPY or found.verdict is not Verdict.FAIL:
        return found
    with evaluator.subject.session():
        blocks = tuple(_judged(b, block, rtol, rng) for b, block in enumerate(found.blocks))
    return replace(found, blocks=blocks)


def _judged(b: int, result: BlockResult, rtol: float, rng: np.random.Generator) -> BlockResult:
    if result.verdict is not Verdict.FAIL or result.screening is None or result.place is not Place.USER:
        return result
    data = result.screening.prober.data
    x, claim = np.asarray(data.point[b], dtype=np.float64), np.asarray(data.claim[b], dtype=np.float64)
    if x.ndim == 0 or x.size < 2 or not claim.any():
        return result
    for manifold in MANIFOLDS:
        tangent = manifold.holds(x) <= VERDICTS.on_manifold and _is_tangent(manifold, x, claim)
        if tangent and _right_along(manifold, b, result, x, claim, rtol, rng):
            note = (
                f"the claim is right along {manifold.name}, on which the point lies, and zero across: a gradient on "
                "that manifold; pass retract= and project= to check it as one"
            )
            return replace(result, verdict=Verdict.UNDECIDED, location=None, note=note)
    return result


def _is_tangent(manifold: Manifold, x: Array, claim: Array) -> bool:
    off = float(np.linalg.norm(claim - manifold.project(x, claim)))
    return off <= VERDICTS.on_manifold * float(np.linalg.norm(claim))


def _right_along(
    manifold: Manifold, b: int, result: BlockResult, x: Array, claim: Array, rtol: float, rng: np.random.Generator
) -> bool:
    """Whether slopes along random tangents are those of the claim."""
    assert result.screening is not None
    prober = result.screening.prober
    space, data = prober.subject.space, prober.data
    for _ in range(VERDICTS.tangents):
        if prober.evaluator.left < VERDICTS.entry_cost:
            return False
        v: Any = manifold.project(x, rng.normal(size=x.shape) * np.median(np.abs(x)))
        contributions = claim * v
        claimed, norm = float(contributions.sum()), float(np.linalg.norm(contributions.ravel()))
        line = Line(prober.evaluator, data.point, space.given({b: v}, data.point))
        estimate = prober.estimate(line, target=rtol * norm / 4, cost=VERDICTS.tangent_cost)
        if not estimate.finite or estimate.error > rtol * norm or abs(estimate.value - claimed) > rtol * norm:
            return False
    return True
