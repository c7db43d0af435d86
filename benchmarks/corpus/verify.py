"""Prove the hand-written gradients of the corpus by an independent way.

A complex step, ``Im f(x + i h d) / h`` with h = 1e-30, has neither truncation nor cancellation error, so it
gives a derivative along d to rounding. The few losses without a complex continuation (eigenvalues, singular
values) are differentiated by torch instead. Run as ``python -m benchmarks.corpus.verify``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.corpus import problems
from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.corpus.problem import Array, Params, Problem, blocks, rng_for, tree_map

STEP = 1e-30
TOLERANCE = 1e-10
ENTRIES = 300
"""Up to this size every entry is compared; above it random directions and some entries."""


def complex_step(problem: Problem, x: Params, direction: Any) -> float:
    """Return the derivative of the loss at `x` along `direction`; nan if the continuation is not one."""
    value: Any = problem.fun(tree_map(lambda block, d: block + 1j * (STEP * d), x, direction))
    same = np.isclose(np.real(value), problem.fun(x), rtol=TOLERANCE, atol=0.0)
    return float(np.imag(value)) / STEP if same else float("nan")


def by_torch(problem: Problem, x: Params) -> Array:
    """Return the gradient by torch; nan if its loss is another one."""
    import torch

    point = torch.tensor(x, requires_grad=True)
    value = TORCH[problem.name](point)
    (gradient,) = torch.autograd.grad(value, point)
    same = np.isclose(value.item(), problem.fun(x), rtol=TOLERANCE, atol=0.0)
    result: Array = gradient.numpy()
    return result if same else np.full_like(result, np.nan)


def _largest_eigenvalue(a: Any) -> Any:
    import torch

    return torch.linalg.eigvalsh(0.5 * (a + a.T))[-1]


def _nuclear_norm(a: Any) -> Any:
    import torch

    return torch.linalg.svdvals(a).sum()


TORCH = {"largest-eigenvalue-6x6": _largest_eigenvalue, "nuclear-norm-5x3": _nuclear_norm}


def nearby(problem: Problem, rng: np.random.Generator) -> Params:
    """Return a random point close to the start."""

    def move(block: Array) -> Array:
        largest = float(np.max(np.abs(block))) or 1.0
        return np.asarray(block + 0.01 * rng.normal(size=block.shape) * (np.abs(block) + 0.01 * largest))

    result: Params = tree_map(move, problem.x0)
    return result


def directions(problem: Problem, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the directions along which to compare: all entries of small problems, some of the others."""
    zeros = tree_map(lambda block: np.zeros(block.shape), problem.x0)
    if problem.size > ENTRIES:
        for _ in range(4):
            yield tree_map(lambda block: rng.normal(size=block.shape), problem.x0)
    for key, block in blocks(zeros).items():
        chosen = range(block.size) if problem.size <= ENTRIES else rng.integers(0, block.size, 3)
        for index in chosen:
            block.reshape(-1)[index] = 1.0
            yield zeros
            blocks(zeros)[key].reshape(-1)[index] = 0.0


def disagreement(problem: Problem, x: Params, rng: np.random.Generator) -> float:
    """Return the largest relative difference between the gradient and its independent twin."""
    gradient = problem.grad(x)
    for key, block in blocks(x).items():
        if blocks(gradient)[key].shape != block.shape or blocks(gradient)[key].dtype != np.float64:
            return np.inf
    if problem.name in TORCH:
        twin = by_torch(problem, x)
        return float(np.max(np.abs(gradient - twin)) / np.max(np.abs(twin)))
    largest = max(float(np.max(np.abs(block))) for block in blocks(gradient).values())
    worst = 0.0
    for direction in directions(problem, rng):
        terms = [g * d for g, d in zip(blocks(gradient).values(), blocks(direction).values(), strict=True)]
        by_hand = sum(float(np.sum(term)) for term in terms)
        weight = max(float(np.max(np.abs(d))) for d in blocks(direction).values())
        typical = np.sqrt(sum(float(np.sum(term**2)) for term in terms))
        expected = complex_step(problem, x, direction)
        scale = max(abs(expected), typical, 1e-3 * largest * weight)
        difference = abs(by_hand - expected)
        if not np.isfinite(difference):
            return np.inf
        worst = max(worst, difference / scale if scale > 0 else difference)
    return worst


def points(problem: Problem, rng: np.random.Generator) -> Iterator[tuple[str, Params]]:
    """Yield the start, three points nearby and the special points."""
    yield "start", problem.x0
    for number in range(3):
        yield f"nearby {number + 1}", nearby(problem, rng)
    yield from problem.special.items()


def main() -> int:
    """Check every problem, also under every condition that has an exact gradient."""
    worst: dict[str, float] = {}
    wrong: list[tuple[str, str, float]] = []
    comparisons = 0
    for problem in problems():
        rng = rng_for("verify", problem.name)
        for label, x in points(problem, rng):
            comparisons += 1
            off = disagreement(problem, x, rng)
            worst[problem.family] = max(worst.get(problem.family, 0.0), off)
            if not off <= TOLERANCE:
                wrong.append((problem.name, label, off))
        for condition in CONDITIONS:
            changed = None
            if condition.name not in ("as-is", "solver-noise") and problem.name not in TORCH:
                changed = condition.apply(problem, rng)
            if changed is not None:
                comparisons += 1
                off = disagreement(changed, changed.x0, rng)
                worst[condition.name] = max(worst.get(condition.name, 0.0), off)
                if not off <= TOLERANCE:
                    wrong.append((problem.name, condition.name, off))
    for name, off in worst.items():
        print(f"{name:<20} {off:.1e}")
    for name, label, off in wrong:
        print(f"WRONG {name:<35} {label:<20} {off:.1e}")
    print(f"{len(problems())} problems, {comparisons} comparisons, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
