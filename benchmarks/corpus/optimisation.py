"""Test functions of numerical optimisation."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus.pieces import absolute, length, logsumexp, put, relu, scalar, sign, softmax
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "optimisation"


def _rosenbrock(name: str, x0: Array) -> Problem:
    def fun(x: Array) -> float:
        valley, rest = x[1:] - x[:-1] * x[:-1], 1 - x[:-1]
        return scalar(100 * np.sum(valley * valley) + np.sum(rest * rest))

    def grad(x: Array) -> Array:
        valley, result = x[1:] - x[:-1] * x[:-1], np.zeros_like(x)
        result[1:] = 200 * valley
        result[:-1] -= 400 * x[:-1] * valley + 2 * (1 - x[:-1])
        return result

    return Problem(name, FAMILY, x0, fun, grad)


def _himmelblau() -> Problem:
    def fun(x: Array) -> float:
        return scalar((x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2)

    def grad(x: Array) -> Array:
        a, b = x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7
        return np.array([4 * a * x[0] + 2 * b, 2 * a + 4 * b * x[1]])

    return Problem("himmelblau", FAMILY, np.array([0.5, -1.5]), fun, grad)


def _beale() -> Problem:
    powers, values = np.arange(1, 4), np.array([1.5, 2.25, 2.625])

    def fun(x: Array) -> float:
        return scalar(np.sum((values - x[0] + x[0] * x[1] ** powers) ** 2))

    def grad(x: Array) -> Array:
        r = values - x[0] + x[0] * x[1] ** powers
        return np.array([np.sum(2 * r * (x[1] ** powers - 1)), np.sum(2 * r * x[0] * powers * x[1] ** (powers - 1))])

    return Problem("beale", FAMILY, np.array([1.0, 1.2]), fun, grad)


def _powell() -> Problem:
    """Powell's singular function, near its minimum, where the Hessian is singular."""

    def fun(x: Array) -> float:
        a, b, c, d = x
        return scalar((a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4)

    def grad(x: Array) -> Array:
        a, b, c, d = x
        first, second, third, fourth = 2 * (a + 10 * b), 10 * (c - d), 4 * (b - 2 * c) ** 3, 40 * (a - d) ** 3
        return np.array([first + fourth, 10 * first + third, second - 2 * third, -second - fourth])

    return Problem("powell-singular", FAMILY, np.array([0.03, -0.01, 0.02, 0.05]), fun, grad)


def _rastrigin() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.sum(x**2 - 10 * np.cos(2 * np.pi * x) + 10))

    def grad(x: Array) -> Array:
        result: Array = 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)
        return result

    return Problem("rastrigin-6", FAMILY, rng_for("rastrigin-6").uniform(-3, 3, 6), fun, grad)


def _ackley() -> Problem:
    """Not differentiable at the origin only."""

    def fun(x: Array) -> float:
        radius = length(x) / np.sqrt(x.size)
        return scalar(-20 * np.exp(-0.2 * radius) - np.exp(np.mean(np.cos(2 * np.pi * x))))

    def grad(x: Array) -> Array:
        radius = length(x) / np.sqrt(x.size)
        first = 4 * np.exp(-0.2 * radius) * x / (x.size * (radius if radius > 0 else 1.0))
        ripple = np.exp(np.mean(np.cos(2 * np.pi * x))) * 2 * np.pi * np.sin(2 * np.pi * x) / x.size
        result: Array = first + ripple
        return result

    x0 = rng_for("ackley-5").uniform(-2, 2, 5)
    special = {"near-kink": 1e-4 * x0 / np.linalg.norm(x0), "on-kink": np.zeros(5)}
    return Problem("ackley-5", FAMILY, x0, fun, grad, kinks=True, special=special)


def _lasso() -> Problem:
    rng = rng_for("lasso-10")
    a, y = rng.normal(size=(15, 10)), rng.normal(size=15)

    def fun(x: Array) -> float:
        return scalar(0.5 * np.sum((a @ x - y) ** 2) + 0.7 * np.sum(absolute(x)))

    def grad(x: Array) -> Array:
        result: Array = a.T @ (a @ x - y) + 0.7 * sign(x)
        return result

    x0 = rng.normal(size=10)
    special = {"on-kink": put(x0, 4, 0.0), "near-kink": put(x0, 4, 1e-4), "on-many-kinks": put(x0, slice(2, 9), 0.0)}
    return Problem("lasso-10", FAMILY, x0, fun, grad, kinks=True, special=special)


def _total_variation(size: int) -> Problem:
    """Denoising by total variation; equal neighbours are a kink."""
    name = f"total-variation-{size}"
    rng = rng_for(name)
    noisy = np.cumsum(rng.normal(size=size)) / np.sqrt(size) + rng.normal(size=size)

    def fun(x: Array) -> float:
        return scalar(0.5 * np.sum((x - noisy) ** 2) + 0.4 * np.sum(absolute(x[1:] - x[:-1])))

    def grad(x: Array) -> Array:
        jumps = 0.4 * sign(x[1:] - x[:-1])
        result: Array = x - noisy
        result[1:] += jumps
        result[:-1] -= jumps
        return result

    x0 = rng.normal(size=size)
    special = {"on-kink": put(x0, 3, x0[2]), "near-kink": put(x0, 3, x0[2] + 1e-4), "on-many-kinks": np.ones(size)}
    return Problem(name, FAMILY, x0, fun, grad, kinks=True, special=special)


def _linear_program_barrier() -> Problem:
    """Logarithmic barrier of A x < b."""
    rng = rng_for("barrier-6")
    a, c, x0 = rng.normal(size=(10, 6)), rng.normal(size=6), 0.1 * rng.normal(size=6)
    b = a @ x0 + rng.uniform(0.5, 2.0, 10)

    def fun(x: Array) -> float:
        return scalar(c @ x - 0.1 * np.sum(np.log(b - a @ x)))

    def grad(x: Array) -> Array:
        result: Array = c + 0.1 * a.T @ (1 / (b - a @ x))
        return result

    step = a[0] / (a[0] @ a[0])
    return Problem(
        "barrier-6",
        FAMILY,
        x0,
        fun,
        grad,
        domain="a @ x < b",
        special={"near-edge": x0 + step * _reach(a, b, x0, step)},
    )


def _reach(a: Array, b: Array, x0: Array, step: Array) -> float:
    """Return how far to go along `step` until the first slack is 1e-6."""
    rates, slack = a @ step, b - a @ x0
    return float(np.min((slack[rates > 0] - 1e-6) / rates[rates > 0]))


def _log_sum_least_squares() -> Problem:
    """Least squares for the output of a log-sum-exp layer."""
    rng = rng_for("log-sum-least-squares-6")
    a, y = rng.normal(size=(9, 5, 6)), rng.normal(size=9)

    def fun(x: Array) -> float:
        return scalar(0.5 * np.sum((logsumexp(a @ x) - y) ** 2))

    def grad(x: Array) -> Array:
        z = a @ x
        result: Array = np.einsum("i,ij,ijk->k", logsumexp(z) - y, softmax(z), a)
        return result

    return Problem("log-sum-least-squares-6", FAMILY, rng.normal(size=6), fun, grad)


def _exponential_fit() -> Problem:
    t = np.linspace(0, 4, 25)
    y = 2 * np.exp(-1.3 * t) + 0.5 + 0.05 * rng_for("exponential-fit").normal(size=25)

    def fun(x: Array) -> float:
        return scalar(np.sum((x[0] * np.exp(-x[1] * t) + x[2] - y) ** 2))

    def grad(x: Array) -> Array:
        decay = np.exp(-x[1] * t)
        r = 2 * (x[0] * decay + x[2] - y)
        return np.array([r @ decay, -x[0] * (r @ (t * decay)), r.sum()])

    return Problem("exponential-fit", FAMILY, np.array([1.5, 1.0, 0.2]), fun, grad)


def _squared_penalty() -> Problem:
    """Equality and inequality constraints by quadratic penalties of weight 1e4."""

    def fun(x: Array) -> float:
        return scalar(x[0] * x[1] + 1e4 * (x[0] ** 2 + x[1] ** 2 - 2) ** 2 + 1e4 * relu(x[0] - 0.5) ** 2)

    def grad(x: Array) -> Array:
        circle, over = 4e4 * (x[0] ** 2 + x[1] ** 2 - 2), 2e4 * np.maximum(x[0] - 0.5, 0.0)
        return np.array([x[1] + circle * x[0] + over, x[0] + circle * x[1]])

    return Problem("penalty-2", FAMILY, np.array([0.9, -1.1]), fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this file."""
    rng = rng_for("rosenbrock")
    return (
        _rosenbrock("rosenbrock-2", np.array([-1.2, 1.0])),
        _rosenbrock("rosenbrock-2-near-minimum", np.array([1.0003, 1.0005])),
        _rosenbrock("rosenbrock-10", rng.normal(size=10)),
        _rosenbrock("rosenbrock-1000000", rng.normal(size=10**6)),
        _himmelblau(),
        _beale(),
        _powell(),
        _rastrigin(),
        _ackley(),
        _lasso(),
        _total_variation(12),
        _total_variation(10**5),
        _linear_program_barrier(),
        _log_sum_least_squares(),
        _exponential_fit(),
        _squared_penalty(),
    )
