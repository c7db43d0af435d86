"""Likelihoods and trajectories: filters, Gaussian processes, mixtures, a controlled pendulum."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus.linear_algebra import log_determinant
from benchmarks.corpus.pieces import logsumexp, put, scalar, softmax
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "optimisation"
Blocks = dict[str, Array]


def _kalman() -> Problem:
    """Log-likelihood of a noisy autoregression, by log variances and the coefficient.

    The gradient carries the derivatives of mean and variance along the filter.
    """
    series = np.cumsum(rng_for("kalman-3").normal(size=60)) * 0.5

    def fun(x: Array) -> float:
        q, r, a = np.exp(x[0]), np.exp(x[1]), x[2]
        mean, variance, total = 0.0 * a, 1.0 + 0.0 * a, 0.0 * a
        for y in series:
            mean, variance = a * mean, a * a * variance + q
            s = variance + r
            v = y - mean
            total = total + 0.5 * (np.log(s) + v * v / s)
            mean, variance = mean + variance / s * v, variance * r / s
        return scalar(total)

    def grad(x: Array) -> Array:
        q, r, a = np.exp(x[0]), np.exp(x[1]), x[2]
        dq, dr, da = np.diag([q, r, 1.0])
        mean, variance = 0.0, 1.0
        d_mean, d_variance, total = np.zeros(3), np.zeros(3), np.zeros(3)
        for y in series:
            d_mean, mean = a * d_mean + mean * da, a * mean
            d_variance, variance = a * a * d_variance + 2 * a * variance * da + dq, a * a * variance + q
            s, ds = variance + r, d_variance + dr
            v, dv = y - mean, -d_mean
            total += 0.5 * (ds / s + 2 * v * dv / s - v * v * ds / s**2)
            gain, d_gain = variance / s, d_variance / s - variance * ds / s**2
            d_mean, mean = d_mean + d_gain * v + gain * dv, mean + gain * v
            d_variance, variance = (d_variance * r + variance * dr) / s - variance * r * ds / s**2, variance * r / s
        return total

    return Problem("kalman-3", FAMILY, np.array([-1.0, -0.5, 0.9]), fun, grad)


def _gaussian_process() -> Problem:
    """Marginal likelihood by log length, log amplitude and log noise."""
    rng = rng_for("gaussian-process-3")
    t = np.sort(rng.uniform(0, 5, 18))
    y, gaps = np.sin(t) + 0.2 * rng.normal(size=18), (t[:, None] - t) ** 2

    def kernel(x: Array) -> tuple[Array, Array]:
        smooth = np.exp(2 * x[1]) * np.exp(-0.5 * gaps * np.exp(-2 * x[0]))
        return smooth, smooth + np.exp(2 * x[2]) * np.eye(18)

    def fun(x: Array) -> float:
        covariance = kernel(x)[1]
        return scalar(0.5 * y @ np.linalg.solve(covariance, y) + 0.5 * log_determinant(covariance))

    def grad(x: Array) -> Array:
        smooth, covariance = kernel(x)
        inverse = np.linalg.inv(covariance)
        alpha = inverse @ y
        by_covariance = 0.5 * (inverse - np.outer(alpha, alpha))
        slopes = (smooth * gaps * np.exp(-2 * x[0]), 2 * smooth, 2 * np.exp(2 * x[2]) * np.eye(18))
        return np.array([np.sum(by_covariance * slope) for slope in slopes])

    return Problem("gaussian-process-3", FAMILY, np.array([0.1, -0.2, -1.2]), fun, grad)


def _garch() -> Problem:
    """Likelihood of a GARCH(1, 1) model; the variances have to be positive."""
    returns = rng_for("garch-3").standard_t(5, 80)

    def fun(x: Array) -> float:
        variance, total = x[0] / (1 - x[1] - x[2]), 0.0 * x[0]
        for r in returns:
            total = total + 0.5 * (np.log(variance) + r * r / variance)
            variance = x[0] + x[1] * r * r + x[2] * variance
        return scalar(total)

    def grad(x: Array) -> Array:
        rest = 1 - x[1] - x[2]
        variance = x[0] / rest
        slope = np.array([1 / rest, variance / rest, variance / rest])
        total = np.zeros(3)
        for r in returns:
            total += 0.5 * slope * (1 / variance - r * r / variance**2)
            slope = np.array([1.0, r * r, variance]) + x[2] * slope
            variance = x[0] + x[1] * r * r + x[2] * variance
        return total

    x0 = np.array([0.2, 0.15, 0.7])
    special = {"near-edge": put(x0, 1, 0.3 - 1e-6)}
    return Problem("garch-3", FAMILY, x0, fun, grad, domain="0 < omega, alpha + beta < 1", special=special)


def _mixture() -> Problem:
    """Likelihood of a mixture of spherical Gaussians."""
    rng = rng_for("mixture-3x2")
    data = rng.normal(size=(40, 2)) + 2 * rng.integers(-1, 2, (40, 1))
    x0 = {
        "means": rng.normal(size=(3, 2)),
        "log_weights": 0.5 * rng.normal(size=3),
        "log_scales": 0.3 * rng.normal(size=3),
    }

    def joint(p: Blocks) -> tuple[Array, Array]:
        squares = np.sum((data[:, None] - p["means"]) ** 2, axis=2) * np.exp(-2 * p["log_scales"])
        weights = p["log_weights"] - logsumexp(p["log_weights"])
        return squares, weights - 2 * p["log_scales"] - 0.5 * squares

    def fun(p: Blocks) -> float:
        return scalar(-np.sum(logsumexp(joint(p)[1])))

    def grad(p: Blocks) -> Blocks:
        squares, logs = joint(p)
        share = softmax(logs)
        pulls = share[:, :, None] * (p["means"] - data[:, None]) * np.exp(-2 * p["log_scales"])[:, None]
        return {
            "means": pulls.sum(axis=0),
            "log_weights": 40 * softmax(p["log_weights"]) - share.sum(axis=0),
            "log_scales": np.sum(share * (2 - squares), axis=0),
        }

    return Problem("mixture-3x2", FAMILY, x0, fun, grad)


def _pendulum() -> Problem:
    """Cost of a swing by the torques at 80 steps, with the adjoint run backwards."""
    step, x0 = 0.05, 0.5 * rng_for("pendulum-80").normal(size=80)

    def run(torques: Array) -> tuple[list[Array], list[Array]]:
        angle, speed = [1.0 + 0.0 * torques[0]], [0.0 * torques[0]]
        for u in torques:
            speed.append(speed[-1] + step * (-np.sin(angle[-1]) - 0.1 * speed[-1] + u))
            angle.append(angle[-1] + step * speed[-1])
        return angle, speed

    def fun(torques: Array) -> float:
        angle, speed = (np.array(values) for values in run(torques))
        return scalar(step * np.sum(angle**2 + 0.1 * speed**2) + 0.01 * step * np.sum(torques**2))

    def grad(torques: Array) -> Array:
        angle, speed = run(torques)
        result = 0.02 * step * torques
        by_angle, by_speed = np.array(0.0), np.array(0.0)
        for k in reversed(range(torques.size)):
            by_angle = by_angle + 2 * step * angle[k + 1]
            by_speed = by_speed + 0.2 * step * speed[k + 1] + step * by_angle
            result[k] += step * by_speed
            by_angle, by_speed = by_angle - step * np.cos(angle[k]) * by_speed, (1 - 0.1 * step) * by_speed
        return result

    return Problem("pendulum-80", FAMILY, x0, fun, grad)


def _logistic_map() -> Problem:
    """Thirty steps of a chaotic map, by its first state and its rate."""

    def orbit(x: Array) -> list[Array]:
        states = [x[0]]
        for _ in range(30):
            states.append(x[1] * states[-1] * (1 - states[-1]))
        return states

    def fun(x: Array) -> float:
        return scalar(sum(orbit(x)))

    def grad(x: Array) -> Array:
        states = orbit(x)
        by_state, by_rate = 1.0, 0.0
        for state in reversed(states[:-1]):
            by_rate += by_state * state * (1 - state)
            by_state = 1.0 + by_state * x[1] * (1 - 2 * state)
        return np.array([by_state, by_rate])

    return Problem("logistic-map-2", FAMILY, np.array([0.31, 3.7]), fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this file."""
    return (_kalman(), _gaussian_process(), _garch(), _mixture(), _pendulum(), _logistic_map())
