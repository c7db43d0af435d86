"""Products, inverses, determinants, eigenvalues and factorisations of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm, expm_frechet

from benchmarks.corpus.pieces import scalar
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "linear-algebra"


def log_determinant(a: Array) -> Any:
    """Return the logarithm of a determinant, analytic in the entries; nan where it is not positive."""
    phase, size = np.linalg.slogdet(a)
    if np.iscomplexobj(a):
        return size + np.log(phase)
    return size if phase > 0 else np.nan


def symmetric(a: Array) -> Array:
    """Return the symmetric part."""
    result: Array = 0.5 * (a + a.T)
    return result


def _spd(name: str, n: int) -> Array:
    a = rng_for(name, "spd").normal(size=(n, 2 * n))
    result: Array = a @ a.T / (2 * n)
    return result


def _near_singular(a: Array) -> Array:
    """Return `a` with its smallest eigenvalue set to 1e-6."""
    values, vectors = np.linalg.eigh(a)
    values[0] = 1e-6
    result: Array = symmetric((vectors * values) @ vectors.T)
    return result


def _quadratic(n: int) -> Problem:
    name = f"quadratic-{n}"
    rng = rng_for(name)
    a, b, x0 = _spd(name, n), rng.normal(size=n), rng.normal(size=n)

    def fun(x: Array) -> float:
        return scalar(0.5 * x @ (a @ x) - b @ x)

    def grad(x: Array) -> Array:
        result: Array = a @ x - b
        return result

    return Problem(name, FAMILY, x0, fun, grad)


def _ill_conditioned() -> Problem:
    rng = rng_for("ill-conditioned-12")
    q = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    a = (q * np.logspace(-8, 0, 12)) @ q.T

    def fun(x: Array) -> float:
        return scalar(0.5 * x @ (a @ x))

    def grad(x: Array) -> Array:
        result: Array = symmetric(a) @ x
        return result

    return Problem("ill-conditioned-12", FAMILY, rng.normal(size=12), fun, grad)


def _log_det() -> Problem:
    def grad(a: Array) -> Array:
        result: Array = np.linalg.inv(a).T
        return result

    rng = rng_for("log-det-5x5")
    x0 = 2 * np.eye(5) + 0.5 * rng.normal(size=(5, 5))
    return Problem("log-det-5x5", FAMILY, x0, lambda a: scalar(log_determinant(a)), grad, domain="det > 0")


def _gaussian_precision() -> Problem:
    second_moment = _spd("gaussian-precision-6x6", 6)

    def fun(a: Array) -> float:
        s = symmetric(a)
        if not np.iscomplexobj(s) and np.linalg.eigvalsh(s)[0] <= 0:
            return float("nan")
        return scalar(0.5 * np.sum(second_moment * s) - 0.5 * log_determinant(s))

    def grad(a: Array) -> Array:
        result: Array = 0.5 * second_moment - 0.5 * symmetric(np.linalg.inv(symmetric(a)))
        return result

    x0 = _spd("gaussian-precision-6x6-start", 6)
    return Problem(
        "gaussian-precision-6x6",
        FAMILY,
        x0,
        fun,
        grad,
        domain="positive definite",
        special={"near-edge": _near_singular(x0)},
    )


def _cholesky_whitening() -> Problem:
    """Mahalanobis distance of data and log-determinant, through the Cholesky factor."""
    data = rng_for("cholesky-whitening-4x4").normal(size=(4, 9))

    def fun(a: Array) -> float:
        s = symmetric(a)
        if np.iscomplexobj(s):
            return scalar(0.5 * np.sum(data * np.linalg.solve(s, data)) + 4.5 * log_determinant(s))
        try:
            factor = np.linalg.cholesky(s)
        except np.linalg.LinAlgError:
            return float("nan")
        white = np.linalg.solve(factor, data)
        return scalar(0.5 * np.sum(white**2) + 9 * np.sum(np.log(np.diag(factor))))

    def grad(a: Array) -> Array:
        inverse = np.linalg.inv(symmetric(a))
        solved = inverse @ data
        result: Array = symmetric(4.5 * inverse - 0.5 * solved @ solved.T)
        return result

    x0 = _spd("cholesky-whitening-4x4-start", 4)
    return Problem(
        "cholesky-whitening-4x4",
        FAMILY,
        x0,
        fun,
        grad,
        domain="positive definite",
        special={"near-edge": _near_singular(x0)},
    )


def _solve() -> Problem:
    rng = rng_for("solve-6")
    x0 = {"a": 3 * np.eye(6) + rng.normal(size=(6, 6)), "b": rng.normal(size=6)}
    c = rng.normal(size=6)

    def fun(p: dict[str, Array]) -> float:
        return scalar(c @ np.linalg.solve(p["a"], p["b"]))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        adjoint, solution = np.linalg.solve(p["a"].T, c), np.linalg.solve(p["a"], p["b"])
        return {"a": -np.outer(adjoint, solution), "b": adjoint}

    return Problem("solve-6", FAMILY, x0, fun, grad, domain="invertible")


def _inverse_trace() -> Problem:
    weights = rng_for("inverse-trace-5x5", "weights").normal(size=(5, 5))

    def fun(a: Array) -> float:
        return scalar(np.sum(weights * np.linalg.inv(a)))

    def grad(a: Array) -> Array:
        inverse = np.linalg.inv(a)
        result: Array = -inverse.T @ weights @ inverse.T
        return result

    x0 = 3 * np.eye(5) + rng_for("inverse-trace-5x5").normal(size=(5, 5))
    return Problem("inverse-trace-5x5", FAMILY, x0, fun, grad, domain="invertible")


def _exponential() -> Problem:
    weights = rng_for("matrix-exponential-4x4", "weights").normal(size=(4, 4))

    def fun(a: Array) -> float:
        return scalar(np.sum(weights * expm(a)))

    def grad(a: Array) -> Array:
        return np.asarray(expm_frechet(a.T, weights, compute_expm=False))

    return Problem("matrix-exponential-4x4", FAMILY, rng_for("matrix-exponential-4x4").normal(size=(4, 4)), fun, grad)


def _determinant() -> Problem:
    def grad(a: Array) -> Array:
        result: Array = np.linalg.det(a) * np.linalg.inv(a).T
        return result

    x0 = rng_for("determinant-3x3").normal(size=(3, 3))
    return Problem("determinant-3x3", FAMILY, x0, lambda a: scalar(np.linalg.det(a)), grad)


def _power_trace() -> Problem:
    def fun(a: Array) -> float:
        square = a @ a
        return scalar(np.sum(square * square.T))

    def grad(a: Array) -> Array:
        result: Array = 4 * (a @ a @ a).T
        return result

    return Problem("power-trace-7x7", FAMILY, rng_for("power-trace-7x7").normal(size=(7, 7)), fun, grad)


def _product_residual() -> Problem:
    rng = rng_for("product-residual")
    left, right, target = rng.normal(size=(6, 4)), rng.normal(size=(3, 5)), rng.normal(size=(6, 5))

    def fun(x: Array) -> float:
        return scalar(np.sum((left @ x @ right - target) ** 2))

    def grad(x: Array) -> Array:
        result: Array = 2 * left.T @ (left @ x @ right - target) @ right.T
        return result

    return Problem("product-residual-4x3", FAMILY, rng.normal(size=(4, 3)), fun, grad)


def _factorisation(rows: int, columns: int, rank: int) -> Problem:
    name = f"factorisation-{rows}x{columns}x{rank}"
    rng = rng_for(name)
    target = rng.normal(size=(rows, columns))
    x0 = {"u": rng.normal(size=(rows, rank)), "v": rng.normal(size=(columns, rank))}

    def fun(p: dict[str, Array]) -> float:
        residual = p["u"] @ p["v"].T - target
        return scalar(0.5 * np.sum(residual * residual))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        residual = p["u"] @ p["v"].T - target
        return {"u": residual @ p["v"], "v": residual.T @ p["u"]}

    return Problem(name, FAMILY, x0, fun, grad)


def _largest_eigenvalue() -> Problem:
    def grad(a: Array) -> Array:
        vector = np.linalg.eigh(symmetric(a))[1][:, -1]
        result: Array = np.outer(vector, vector)
        return result

    def fun(a: Array) -> float:
        return scalar(np.linalg.eigvalsh(symmetric(a))[-1])

    x0 = rng_for("largest-eigenvalue-6x6").normal(size=(6, 6))
    return Problem("largest-eigenvalue-6x6", FAMILY, x0, fun, grad, kinks=True)


def _nuclear_norm() -> Problem:
    def grad(a: Array) -> Array:
        u, _, v = np.linalg.svd(a, full_matrices=False)
        result: Array = u @ v
        return result

    def fun(a: Array) -> float:
        return scalar(np.sum(np.linalg.svd(a, compute_uv=False)))

    return Problem("nuclear-norm-5x3", FAMILY, rng_for("nuclear-norm-5x3").normal(size=(5, 3)), fun, grad, kinks=True)


def _laplacian() -> Problem:
    """Quadratic energy of the differences between neighbours on a grid, and a source."""
    rng = rng_for("laplacian-1000x1000")
    x0, source = rng.normal(size=(1000, 1000)), rng.normal(size=(1000, 1000))

    def fun(x: Array) -> float:
        down, across = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
        return scalar(0.5 * np.sum(down * down) + 0.5 * np.sum(across * across) - np.sum(source * x))

    def grad(x: Array) -> Array:
        down, across = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
        result = -source
        result[1:] += down
        result[:-1] -= down
        result[:, 1:] += across
        result[:, :-1] -= across
        return result

    return Problem("laplacian-1000x1000", FAMILY, x0, fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _quadratic(1),
        _quadratic(6),
        _quadratic(400),
        _ill_conditioned(),
        _log_det(),
        _gaussian_precision(),
        _cholesky_whitening(),
        _solve(),
        _inverse_trace(),
        _exponential(),
        _determinant(),
        _power_trace(),
        _product_residual(),
        _factorisation(8, 6, 2),
        _factorisation(1200, 800, 50),
        _largest_eigenvalue(),
        _nuclear_norm(),
        _laplacian(),
    )
