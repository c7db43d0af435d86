"""`jax.test_util.check_grads`, in reverse mode, in double precision."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.test_util import check_grads

from benchmarks.corpus.cases import Case
from benchmarks.corpus.problem import tree_map
from benchmarks.peers.answer import Answer, Counter

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]


def check(case: Case, seed: int) -> Answer:
    """Ask JAX, with its default tolerances; the directions are its own."""
    problem, counter = case.problem, Counter(case.problem.fun)

    def structure(shape: tuple[int, ...]) -> Any:
        return jax.ShapeDtypeStruct(shape, np.float64)  # type: ignore[no-untyped-call]

    number, same = structure(()), tree_map(lambda block: structure(block.shape), problem.x0)

    @jax.custom_vjp
    def loss(x: Any) -> Any:
        return jax.pure_callback(lambda p: np.float64(counter(tree_map(np.asarray, p))), number, x)

    def forward(x: Any) -> tuple[Any, Any]:
        return loss(x), x

    def backward(x: Any, upstream: Any) -> tuple[Any]:
        gradient = jax.pure_callback(lambda p: problem.grad(tree_map(np.asarray, p)), same, x)
        return (jax.tree.map(lambda block: upstream * block, gradient),)

    loss.defvjp(forward, backward)
    try:
        point = jax.tree.map(jax.numpy.asarray, problem.x0)
        check_grads(loss, (point,), order=1, modes=("rev",))  # type: ignore[no-untyped-call]
    except AssertionError:
        return counter.answer(False)
    return counter.answer(True)
