"""Losses of statistics and machine learning, as functions of predictions or of coefficients."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from benchmarks.corpus.pieces import (
    logsumexp,
    one_hot,
    positive,
    put,
    relu,
    scalar,
    sigmoid,
    softmax,
    softplus,
)
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "losses"


def _squared_error() -> Problem:
    rng = rng_for("squared-error-6x2")
    target = rng.normal(size=(6, 2))

    def fun(x: Array) -> float:
        return scalar(np.mean((x - target) ** 2))

    def grad(x: Array) -> Array:
        result: Array = 2 * (x - target) / x.size
        return result

    return Problem("squared-error-6x2", FAMILY, rng.normal(size=(6, 2)), fun, grad)


def _logistic(samples: int, features: int) -> Problem:
    name = f"logistic-regression-{features}"
    rng = rng_for(name)
    inputs = rng.normal(size=(samples, features)) / np.sqrt(features)
    labels = rng.integers(0, 2, samples).astype(np.float64)

    def fun(w: Array) -> float:
        logits = inputs @ w
        return scalar(np.mean(softplus(logits) - labels * logits) + 0.005 * np.sum(w * w))

    def grad(w: Array) -> Array:
        result: Array = inputs.T @ (sigmoid(inputs @ w) - labels) / samples + 0.01 * w
        return result

    return Problem(name, FAMILY, rng.normal(size=features), fun, grad)


def _binary_cross_entropy() -> Problem:
    rng = rng_for("cross-entropy-probabilities-10")
    labels = rng.integers(0, 2, 10)
    labels[3] = 1

    def fun(p: Array) -> float:
        return scalar(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)))

    def grad(p: Array) -> Array:
        result: Array = -(labels / p - (1 - labels) / (1 - p)) / p.size
        return result

    x0 = rng.uniform(0.1, 0.9, 10)
    name = "cross-entropy-probabilities-10"
    return Problem(name, FAMILY, x0, fun, grad, domain="0 < p < 1", special={"near-edge": put(x0, 3, 1e-6)})


def _cross_entropy() -> Problem:
    rng = rng_for("cross-entropy-logits-8x5")
    labels = rng.integers(0, 5, 8)

    def fun(x: Array) -> float:
        return scalar(np.mean(logsumexp(x) - x[np.arange(8), labels]))

    def grad(x: Array) -> Array:
        result: Array = (softmax(x) - one_hot(labels, 5)) / 8
        return result

    return Problem("cross-entropy-logits-8x5", FAMILY, 2 * rng.normal(size=(8, 5)), fun, grad)


def _hinge() -> Problem:
    """Hinge loss of a linear classifier; the margin of a sample is a kink."""
    rng = rng_for("hinge-5")
    inputs, labels = rng.integers(-2, 3, (12, 5)).astype(np.float64), rng.choice([-1.0, 1.0], 12)
    inputs[0], labels[0] = [1, 0, 0, 0, 0], 1.0

    def margins(w: Array) -> Array:
        result: Array = 1 - labels * (inputs @ w)
        return result

    def fun(w: Array) -> float:
        return scalar(np.mean(relu(margins(w))) + 0.05 * np.sum(w**2))

    def grad(w: Array) -> Array:
        result: Array = -inputs.T @ (labels * positive(margins(w))) / 12 + 0.1 * w
        return result

    x0 = rng.normal(size=5)
    special = {
        "on-kink": put(x0, 0, 1.0),
        "near-kink": put(x0, 0, 1.0 + 1e-4),
        "on-many-kinks": np.array([1.0, 0.0, 0.0, 0.0, 0.0]),
    }
    return Problem("hinge-5", FAMILY, x0, fun, grad, kinks=True, special=special)


def _multiclass_hinge() -> Problem:
    rng = rng_for("multiclass-hinge-6x4")
    labels, rows = rng.integers(0, 4, 6), np.arange(6)
    margin = 1 - one_hot(labels, 4)

    def excess(x: Array) -> Array:
        result: Array = (x - x[rows, labels][:, None] + margin) * margin
        return result

    def fun(x: Array) -> float:
        return scalar(np.sum(relu(excess(x))))

    def grad(x: Array) -> Array:
        active = positive(excess(x))
        active[rows, labels] -= active.sum(axis=1)
        return active

    x0 = rng.normal(size=(6, 4))
    other = (labels[2] + 1) % 4
    special = {
        "on-kink": put(put(x0, (2, labels[2]), 0.5), (2, other), -0.5),
        "near-kink": put(put(x0, (2, labels[2]), 0.5), (2, other), -0.5 + 1e-4),
        "on-many-kinks": one_hot(labels, 4),
    }
    return Problem("multiclass-hinge-6x4", FAMILY, x0, fun, grad, kinks=True, special=special)


def _squared_hinge() -> Problem:
    rng = rng_for("squared-hinge-9")
    labels = rng.choice([-1.0, 1.0], 9)

    def fun(x: Array) -> float:
        return scalar(np.sum(relu(1 - labels * x) ** 2))

    def grad(x: Array) -> Array:
        result: Array = -2 * labels * relu(1 - labels * x)
        return result

    return Problem("squared-hinge-9", FAMILY, rng.normal(size=9), fun, grad)


def _huber() -> Problem:
    rng = rng_for("huber-18")
    target = rng.normal(size=18)

    def fun(x: Array) -> float:
        r = x - target
        return scalar(np.sum(0.5 * r**2 - 0.5 * relu(r - 1) ** 2 - 0.5 * relu(-r - 1) ** 2))

    def grad(x: Array) -> Array:
        return np.clip(x - target, -1.0, 1.0)

    return Problem("huber-18", FAMILY, 2 * rng.normal(size=18), fun, grad)


def _pinball() -> Problem:
    """Quantile regression of a line."""
    rng = rng_for("pinball-2")
    t = np.arange(10.0)
    y = np.round(2 * t + rng.normal(size=10), 1)

    def fun(x: Array) -> float:
        r = y - x[0] - x[1] * t
        return scalar(np.sum(0.9 * relu(r) + 0.1 * relu(-r)))

    def grad(x: Array) -> Array:
        r = y - x[0] - x[1] * t
        out = -0.9 * positive(r) + 0.1 * positive(-r)
        return np.array([out.sum(), out @ t])

    x0 = np.array([0.31, 1.87])
    special = {"on-kink": np.array([y[0], 1.87]), "near-kink": np.array([y[0] + 1e-4, 1.87])}
    return Problem("pinball-2", FAMILY, x0, fun, grad, kinks=True, special=special)


def _divergence() -> Problem:
    rng = rng_for("kl-divergence-8")
    target = rng.dirichlet(np.ones(8))

    def fun(q: Array) -> float:
        return scalar(np.sum(target * np.log(target / q)) + np.sum(q) - 1)

    def grad(q: Array) -> Array:
        result: Array = 1 - target / q
        return result

    x0 = rng.dirichlet(np.ones(8)) + 0.02
    special = {"near-edge": put(x0, 5, 1e-6)}
    return Problem("kl-divergence-8", FAMILY, x0, fun, grad, domain="q > 0", special=special)


def _poisson() -> Problem:
    rng = rng_for("poisson-regression-4")
    inputs, counts = rng.normal(size=(30, 4)), rng.poisson(3.0, 30)

    def fun(w: Array) -> float:
        logs = inputs @ w
        return scalar(np.sum(np.exp(logs) - counts * logs + gammaln(counts + 1)))

    def grad(w: Array) -> Array:
        result: Array = inputs.T @ (np.exp(inputs @ w) - counts)
        return result

    return Problem("poisson-regression-4", FAMILY, 0.5 * rng.normal(size=4), fun, grad)


def _gaussian() -> Problem:
    rng = rng_for("gaussian-likelihood")
    data = rng.normal(size=(40, 3))
    x0 = {"mean": 0.3 * rng.normal(size=3), "log_scale": 0.3 * rng.normal(size=3)}

    def fun(p: dict[str, Array]) -> float:
        z = (data - p["mean"]) * np.exp(-p["log_scale"])
        return scalar(0.5 * np.sum(z**2) + 40 * np.sum(p["log_scale"]))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        z = (data - p["mean"]) * np.exp(-p["log_scale"])
        return {"mean": -np.sum(z, axis=0) * np.exp(-p["log_scale"]), "log_scale": 40 - np.sum(z**2, axis=0)}

    return Problem("gaussian-likelihood", FAMILY, x0, fun, grad)


def _student() -> Problem:
    rng = rng_for("student-regression-6")
    inputs, y = rng.normal(size=(25, 6)), rng.standard_t(3, 25)

    def fun(w: Array) -> float:
        return scalar(2 * np.sum(np.log1p((y - inputs @ w) ** 2 / 3)))

    def grad(w: Array) -> Array:
        r = y - inputs @ w
        result: Array = -4 * inputs.T @ (r / (3 + r**2))
        return result

    return Problem("student-regression-6", FAMILY, rng.normal(size=6), fun, grad)


def _cosine() -> Problem:
    rng = rng_for("cosine-distance-16")
    target = rng.normal(size=16)
    target /= np.linalg.norm(target)

    def fun(x: Array) -> float:
        return scalar(1 - x @ target / np.sqrt(x @ x))

    def grad(x: Array) -> Array:
        length = np.sqrt(x @ x)
        result: Array = (x * (x @ target) / length**2 - target) / length
        return result

    return Problem("cosine-distance-16", FAMILY, rng.normal(size=16), fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _squared_error(),
        _logistic(40, 5),
        _logistic(16, 10**5),
        _binary_cross_entropy(),
        _cross_entropy(),
        _hinge(),
        _multiclass_hinge(),
        _squared_hinge(),
        _huber(),
        _pinball(),
        _divergence(),
        _poisson(),
        _gaussian(),
        _student(),
        _cosine(),
    )
