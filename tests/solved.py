"""Losses and gradients that each come from an iterative solver, for tests of the gaps that its tolerance makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import linalg

from tests.cases import Array

SIZE = 24

#: Methods with seeds of problems.
CASES = (("cg", 0), ("cg", 1), ("gmres", 0))

Claim = Callable[[Array], Array]


def diffusion(method: str = "cg", seed: int = 0) -> tuple[Callable[[Array], float], Claim, Array]:
    """Fit the logarithms of absorption coefficients to a field, which solves a diffusion equation.

    The gradient is that of the adjoint equation, solved by the same method: ``cg`` or ``gmres`` of SciPy at their
    default tolerance, or ``exact``. For all but ``cg`` there is a drift as well: the matrix is not symmetric.
    """
    rng = np.random.default_rng(seed)
    drift = 0.0 if method == "cg" else 0.4
    ahead, behind = np.eye(SIZE, k=1), np.eye(SIZE, k=-1)
    laplace = 2.2 * np.eye(SIZE) - (1.0 - drift) * ahead - (1.0 + drift) * behind
    source, measured, start = rng.standard_normal(SIZE), rng.standard_normal(SIZE), 0.3 * rng.standard_normal(SIZE)
    iterative: Any = {"cg": linalg.cg, "gmres": linalg.gmres}.get(method)

    def solve(m: Array, right: Array, *, adjoint: bool = False) -> Array:
        matrix = laplace + np.diag(np.exp(m))
        if adjoint:
            matrix = matrix.T
        found: Array = np.linalg.solve(matrix, right) if iterative is None else iterative(matrix, right)[0]
        return found

    def loss(m: Array) -> float:
        return 0.5 * float(np.sum((solve(m, source) - measured) ** 2))

    def gradient(m: Array) -> Array:
        field = solve(m, source)
        return -solve(m, field - measured, adjoint=True) * field * np.exp(m)

    return loss, gradient, start


def twisted(gradient: Claim, index: int, factor: float) -> Claim:
    """The gradient with one entry off by a factor."""

    def claim(m: Array) -> Array:
        found = gradient(m)
        found[index] *= factor
        return found

    return claim
