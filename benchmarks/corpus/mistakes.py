"""Mistakes to plant in a right gradient.

A mistake is planted at every point, with its place chosen once. It is None where it would change nothing at
the start, for example the transpose of a symmetric block. Places where the right gradient is zero up to
rounding are not chosen, since a mistake there cannot be told from rounding:

* a block is eligible if its largest entry is at least 1e-6 of the largest entry of the whole gradient;
* an entry of it is eligible if it is at least 1e-3 of the median of the non-zero entries of the block, and at
  least 1e-12 of the largest one (in magnitude);
* a block counts as changed by a mistake in the whole of it if an entry moves by more than 1e-6 of its largest one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus.problem import Array, Problem, Vector, blocks, like, rng_for

Commit = Callable[[Problem, np.random.Generator], Problem | None]
Spoil = Callable[[Vector, Vector], Vector]
"""Turn the gradient by a block, and the block, into a wrong gradient."""


@dataclass(frozen=True)
class Mistake:
    """A name, and how to spoil the gradient of a problem.

    Attributes
    ----------
    name : str
        Unique among the mistakes.
    commit : callable
        ``commit(problem, rng) -> Problem | None``: the same loss with a wrong gradient.
    """

    name: str
    commit: Commit


def _eligible_blocks(problem: Problem, rng: np.random.Generator) -> list[str]:
    """Return the blocks with more than rounding in them, in random order."""
    largest = {key: float(np.max(np.abs(g))) for key, g in blocks(problem.grad(problem.x0)).items()}
    floor = 1e-6 * max(largest.values())
    keys = [key for key, size in largest.items() if size > 0 and size >= floor]
    return [keys[k] for k in rng.permutation(len(keys))]


def _spoiled(problem: Problem, key: str, spoil: Spoil) -> Problem:
    def grad(x: Any) -> Any:
        result = dict(blocks(problem.grad(x)))
        result[key] = spoil(np.array(result[key], dtype=np.float64, order="C"), blocks(x)[key])
        return like(x, result)

    return replace(problem, grad=grad)


def _differs(problem: Problem, wrong: Problem, key: str, share: float) -> bool:
    """Return whether an entry of the block moves by more than a share of its largest one."""
    before, after = blocks(problem.grad(problem.x0))[key], blocks(wrong.grad(problem.x0))[key]
    return bool(np.max(np.abs(before - after)) > share * np.max(np.abs(before)))


def _steady(problem: Problem, key: str, sizes: Vector) -> NDArray[np.bool_]:
    """Return which entries are the same on either side of the point: on a kink there are many right values."""
    rng = rng_for(problem.name, "steady")
    start = blocks(problem.x0)
    shift = {k: 1e-9 * (1e-3 + np.abs(b)) * rng.standard_normal(np.shape(b)) for k, b in start.items()}
    steady = np.ones(sizes.shape, dtype=bool)
    for sign in (1.0, -1.0):
        moved = {k: b + sign * shift[k] for k, b in start.items()}
        beside = np.abs(blocks(problem.grad(like(problem.x0, moved)))[key]).reshape(-1)
        steady &= np.isfinite(beside) & (np.abs(beside - sizes) <= 1e-2 * sizes)
    return steady


def _entry(name: str, factor: float) -> Mistake:
    """Multiply one random entry."""

    def commit(problem: Problem, rng: np.random.Generator) -> Problem | None:
        keys = _eligible_blocks(problem, rng)
        if not keys:
            return None
        sizes = np.abs(blocks(problem.grad(problem.x0))[keys[0]]).reshape(-1)
        floor = max(1e-3 * float(np.median(sizes[sizes > 0])), 1e-12 * float(sizes.max()))
        steady = _steady(problem, keys[0], sizes)
        if not (steady & (sizes >= floor)).any():
            return None
        index = int(rng.choice(np.flatnonzero(steady & (sizes >= floor))))

        def spoil(g: Vector, block: Vector) -> Vector:
            g.reshape(-1)[index] *= factor
            return g

        wrong = _spoiled(problem, keys[0], spoil)
        return wrong if _differs(problem, wrong, keys[0], 0.0) else None

    return Mistake(name, commit)


def _block(name: str, choose: Callable[[Problem, str], Spoil | None]) -> Mistake:
    """Spoil one random block, the first in random order that is changed by it."""

    def commit(problem: Problem, rng: np.random.Generator) -> Problem | None:
        for key in _eligible_blocks(problem, rng):
            spoil = choose(problem, key)
            if spoil is not None:
                wrong = _spoiled(problem, key, spoil)
                if _differs(problem, wrong, key, 1e-6):
                    return wrong
        return None

    return Mistake(name, commit)


def _times(factor: float) -> Callable[[Problem, str], Spoil]:
    return lambda problem, key: lambda g, block: factor * g


def _penalty(problem: Problem, key: str) -> Spoil | None:
    """Add the gradient of an L2 penalty, of 1% of the norm of the right one at the start."""
    norm = float(np.linalg.norm(blocks(problem.x0)[key]))
    if norm == 0:
        return None
    strength = 0.01 * float(np.linalg.norm(blocks(problem.grad(problem.x0))[key])) / norm
    return lambda g, block: g + strength * block


def transposed(g: Array) -> Array:
    """Return the transpose of a square matrix; the entries of another one in the order of its transpose."""
    result: Array = g.T if g.shape[0] == g.shape[1] else g.T.reshape(g.shape)
    return result


def _transpose(problem: Problem, key: str) -> Spoil | None:
    if blocks(problem.x0)[key].ndim != 2:
        return None
    return lambda g, block: transposed(g).copy()


MISTAKES: tuple[Mistake, ...] = (
    _entry("entry-1%", 1.01),
    _entry("entry-1e-4", 1.0001),
    _entry("entry-zero", 0.0),
    _block("sign", _times(-1.0)),
    _block("times-2", _times(2.0)),
    _block("zero", _times(0.0)),
    _block("times-1.001", _times(1.001)),
    _block("l2-term-1%", _penalty),
    _block("transposed", _transpose),
)
