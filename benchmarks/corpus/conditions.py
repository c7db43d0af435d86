"""Conditions to put a problem under: units, offsets, noise, kinks, edges.

Each keeps the gradient exact. Where a condition makes no sense for a problem, it gives None.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.corpus.problem import Problem, array_map, blocks

Apply = Callable[[Problem, np.random.Generator], Problem | None]


@dataclass(frozen=True)
class Condition:
    """A name, and how to put a problem under it.

    Attributes
    ----------
    name : str
        Unique among the conditions.
    apply : callable
        ``apply(problem, rng) -> Problem | None``.
    """

    name: str
    apply: Apply


def _as_is(problem: Problem, rng: np.random.Generator) -> Problem:
    return problem


def _scaled(factor: float) -> Apply:
    """Multiply the loss by `factor`."""

    def apply(problem: Problem, rng: np.random.Generator) -> Problem:
        return replace(
            problem,
            fun=lambda x: factor * problem.fun(x),
            grad=lambda x: array_map(lambda g: factor * g, problem.grad(x)),
        )

    return apply


def _offset(problem: Problem, rng: np.random.Generator) -> Problem:
    """Add ten thousand times the size of the loss."""
    constant = 1e4 * max(abs(problem.fun(problem.x0)), float(np.finfo(np.float64).tiny))
    return replace(problem, fun=lambda x: problem.fun(x) + constant)


def _units(unit: float) -> Apply:
    """Measure the parameters in another unit: the new ones are `unit` times the old ones."""

    def apply(problem: Problem, rng: np.random.Generator) -> Problem:
        def back(x: Any) -> Any:
            return array_map(lambda block: block / unit, x)

        return replace(
            problem,
            x0=array_map(lambda block: unit * block, problem.x0),
            fun=lambda x: problem.fun(back(x)),
            grad=lambda x: array_map(lambda g: g / unit, problem.grad(back(x))),
            special={},
        )

    return apply


def hashed(x: Any) -> float:
    """Return a number in [-1, 1] that is fixed by the bytes of `x` and looks random."""
    digest = hashlib.blake2b(digest_size=8)
    for block in blocks(x).values():
        digest.update(np.ascontiguousarray(block).tobytes())
    return int.from_bytes(digest.digest(), "little") / 2**63 - 1.0


def _solver_noise(problem: Problem, rng: np.random.Generator) -> Problem:
    """Add noise of 1e-9 times the loss, white at every scale; the gradient is that of the clean loss."""

    def fun(x: Any) -> float:
        value = problem.fun(x)
        return value + 1e-9 * abs(value) * hashed(x)

    return replace(problem, fun=fun)


def _spread(problem: Problem, rng: np.random.Generator) -> Problem:
    """Give every parameter a unit of its own, between 1e-4 and 1e4."""
    scales = array_map(lambda block: 10.0 ** rng.uniform(-4, 4, block.shape), problem.x0)

    def back(y: Any) -> Any:
        return array_map(lambda scale, block: scale * block, scales, y)

    return replace(
        problem,
        x0=array_map(lambda block, scale: block / scale, problem.x0, scales),
        fun=lambda y: problem.fun(back(y)),
        grad=lambda y: array_map(lambda scale, g: scale * g, scales, problem.grad(back(y))),
        special={},
    )


def _spread_weights(problem: Problem, rng: np.random.Generator) -> Problem:
    """Weaken every parameter about its start by a factor between 1e-8 and 1; the parameters keep their scale."""
    weights = array_map(lambda block: 10.0 ** rng.uniform(-8, 0, block.shape), problem.x0)

    def back(y: Any) -> Any:
        return array_map(lambda start, weight, block: start + weight * (block - start), problem.x0, weights, y)

    return replace(
        problem,
        fun=lambda y: problem.fun(back(y)),
        grad=lambda y: array_map(lambda weight, g: weight * g, weights, problem.grad(back(y))),
        special={},
    )


def _special(name: str) -> Condition:
    """Start at a point that the problem itself names, if it has one."""

    def apply(problem: Problem, rng: np.random.Generator) -> Problem | None:
        return replace(problem, x0=problem.special[name]) if name in problem.special else None

    return Condition(name, apply)


CONDITIONS: tuple[Condition, ...] = (
    Condition("as-is", _as_is),
    Condition("loss*1e-8", _scaled(1e-8)),
    Condition("loss*1e8", _scaled(1e8)),
    Condition("offset", _offset),
    Condition("units-1e-5", _units(1e-5)),
    Condition("units-1e5", _units(1e5)),
    Condition("solver-noise", _solver_noise),
    Condition("spread", _spread),
    Condition("spread-weights", _spread_weights),
    _special("on-kink"),
    _special("on-many-kinks"),
    _special("near-kink"),
    _special("near-edge"),
)
