"""Reductions of an array to a number: means, norms, maxima, order statistics."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus.pieces import absolute, length, logsumexp, put, scalar, sign, softmax
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "reductions"


def _normal(name: str, size: int | tuple[int, ...]) -> Array:
    return np.asarray(rng_for(name).normal(size=size))


def _variance() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.mean((x - x.mean()) ** 2))

    def grad(x: Array) -> Array:
        result: Array = 2 * (x - x.mean()) / x.size
        return result

    return Problem("variance-40", FAMILY, _normal("variance-40", 40), fun, grad)


def _deviation(size: int) -> Problem:
    def fun(x: Array) -> float:
        centred = x - x.mean()
        return scalar(np.sqrt(np.sum(centred * centred) / size))

    def grad(x: Array) -> Array:
        centred = x - x.mean()
        result: Array = centred / (size * np.sqrt(np.sum(centred * centred) / size))
        return result

    name = f"deviation-{size}"
    return Problem(name, FAMILY, 3 + _normal(name, size), fun, grad)


def _euclidean_norm() -> Problem:
    def fun(x: Array) -> float:
        return scalar(length(x))

    def grad(x: Array) -> Array:
        norm = length(x)
        return np.zeros_like(x) if norm == 0 else x / norm

    x0 = _normal("norm-10", 10)
    special = {"on-kink": np.zeros(10), "near-kink": 1e-4 * x0 / np.linalg.norm(x0)}
    return Problem("norm-10", FAMILY, x0, fun, grad, kinks=True, special=special)


def _group_lasso() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.sum(length(x)) + 0.5 * np.sum((x - 1) ** 2))

    def grad(x: Array) -> Array:
        norms = length(x)[:, None]
        result: Array = x / np.where(norms > 0, norms, 1.0) + (x - 1)
        return result

    x0 = _normal("group-lasso-6x4", (6, 4))
    special = {"on-kink": put(x0, 2, 0.0), "on-many-kinks": put(x0, slice(0, 4), 0.0)}
    return Problem("group-lasso-6x4", FAMILY, x0, fun, grad, kinks=True, special=special)


def _logsumexp(size: int) -> Problem:
    def fun(x: Array) -> float:
        return scalar(logsumexp(x))

    name = f"logsumexp-{size}"
    return Problem(name, FAMILY, 2 * _normal(name, size), fun, softmax)


def _maximum() -> Problem:
    def fun(x: Array) -> float:
        return scalar(x[np.argmax(x.real)] + 0.1 * np.sum(np.sin(x)))

    def grad(x: Array) -> Array:
        result: Array = 0.1 * np.cos(x)
        result[np.argmax(x)] += 1
        return result

    x0 = _normal("max-8", 8)
    top = x0.max()
    special = {
        "on-kink": put(x0, int(np.argmin(x0)), top),
        "on-many-kinks": np.full(8, 0.7),
        "near-kink": put(x0, int(np.argmin(x0)), top - 1e-4),
    }
    return Problem("max-8", FAMILY, x0, fun, grad, kinks=True, special=special)


def _row_maxima() -> Problem:
    def fun(x: Array) -> float:
        rows = np.arange(len(x))
        return scalar(np.sum(x[rows, np.argmax(x.real, axis=1)] ** 2))

    def grad(x: Array) -> Array:
        rows, columns = np.arange(len(x)), np.argmax(x, axis=1)
        result = np.zeros_like(x)
        result[rows, columns] = 2 * x[rows, columns]
        return result

    x0 = _normal("row-max-20x6", (20, 6))
    return Problem("row-max-20x6", FAMILY, x0, fun, grad, kinks=True)


def _median() -> Problem:
    def middle(x: Array) -> int:
        return int(np.argsort(x.real, kind="stable")[x.size // 2])

    def fun(x: Array) -> float:
        return scalar(np.exp(x[middle(x)]) + 0.5 * np.sum(x**2))

    def grad(x: Array) -> Array:
        result = x.copy()
        result[middle(x)] += np.exp(x[middle(x)])
        return result

    x0 = _normal("median-9", 9)
    order = np.argsort(x0)
    special = {
        "on-kink": put(x0, order[5], x0[order[4]]),
        "near-kink": put(x0, order[5], x0[order[4]] + 1e-4),
        "on-many-kinks": np.full(9, 0.3),
    }
    return Problem("median-9", FAMILY, x0, fun, grad, kinks=True, special=special)


def _sorted_weights() -> Problem:
    weights = np.linspace(-1, 2, 14) ** 3

    def fun(x: Array) -> float:
        return scalar(np.sum(weights * x[np.argsort(x.real, kind="stable")]))

    def grad(x: Array) -> Array:
        result = np.empty_like(x)
        result[np.argsort(x, kind="stable")] = weights
        return result

    x0 = _normal("sorted-weights-14", 14)
    return Problem("sorted-weights-14", FAMILY, x0, fun, grad, kinks=True)


def _product() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.prod(x))

    def grad(x: Array) -> Array:
        before = np.concatenate([[1.0], np.cumprod(x)[:-1]])
        after = np.concatenate([[1.0], np.cumprod(x[::-1])[:-1]])[::-1]
        result: Array = before * after
        return result

    return Problem("product-12", FAMILY, _normal("product-12", 12), fun, grad)


def _geometric_mean() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.exp(np.mean(np.log(x))))

    def grad(x: Array) -> Array:
        result: Array = fun(x) / (x.size * x)
        return result

    x0 = rng_for("geometric-mean-6").uniform(0.5, 3.0, 6)
    return Problem("geometric-mean-6", FAMILY, x0, fun, grad, domain="x > 0", special={"near-edge": put(x0, 1, 1e-6)})


def _cumulative() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.sum(np.cumsum(x) ** 2))

    def grad(x: Array) -> Array:
        result: Array = 2 * np.cumsum(np.cumsum(x)[::-1])[::-1]
        return result

    return Problem("cumulative-sums-200", FAMILY, _normal("cumulative-sums-200", 200), fun, grad)


def _p_norm() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.sum(absolute(x) ** 3) ** (1 / 3))

    def grad(x: Array) -> Array:
        result: Array = sign(x) * x**2 * np.sum(np.abs(x) ** 3) ** (-2 / 3)
        return result

    return Problem("p-norm-3-25", FAMILY, _normal("p-norm-3-25", (5, 5)), fun, grad)


def _total() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.sum(x))

    return Problem("sum-4000", FAMILY, _normal("sum-4000", 4000), fun, np.ones_like)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _variance(),
        _deviation(50),
        _deviation(10**6),
        _euclidean_norm(),
        _group_lasso(),
        _logsumexp(10),
        _logsumexp(10**5),
        _maximum(),
        _row_maxima(),
        _median(),
        _sorted_weights(),
        _product(),
        _geometric_mean(),
        _cumulative(),
        _p_norm(),
        _total(),
    )
