"""`scipy.optimize.check_grad`, whose result is compared with 1e-6."""

from __future__ import annotations

from scipy.optimize import check_grad

from benchmarks.corpus.cases import Case
from benchmarks.corpus.problem import Vector
from benchmarks.peers.answer import ENTRIES, Answer, Counter, flat, shaped


def check(case: Case, seed: int) -> Answer:
    """Ask SciPy, with its default step; it answers with a norm of the differences."""
    problem, counter = case.problem, Counter(case.problem.fun)
    if problem.size > ENTRIES:
        return Answer("not run", note="too large")

    def fun(x: Vector) -> float:
        return counter(shaped(problem, x))

    def grad(x: Vector) -> Vector:
        return flat(problem.grad(shaped(problem, x)))

    difference = check_grad(fun, grad, flat(problem.x0))
    return counter.answer(bool(difference < 1e-6))
