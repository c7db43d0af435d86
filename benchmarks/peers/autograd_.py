"""`autograd.test_util.check_grads` of HIPS autograd, in reverse mode."""

from __future__ import annotations

from typing import Any

import numpy as np
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads

from benchmarks.corpus.cases import Case
from benchmarks.corpus.problem import Vector
from benchmarks.peers.answer import Answer, Counter, flat, shaped


def check(case: Case, seed: int) -> Answer:
    """Ask autograd, with its default settings, about all blocks as one vector."""
    problem, counter = case.problem, Counter(case.problem.fun)

    def fun(x: Vector) -> float:
        return counter(shaped(problem, x))

    def product(value: float, x: Vector) -> Any:
        return lambda upstream: upstream * flat(problem.grad(shaped(problem, x)))

    loss = primitive(fun)
    defvjp(loss, product)
    np.random.seed(seed)  # noqa: NPY002 (it draws its directions from there)
    try:
        check_grads(loss, modes=["rev"], order=1)(flat(problem.x0))
    except AssertionError:
        return counter.answer(False)
    return counter.answer(True)
