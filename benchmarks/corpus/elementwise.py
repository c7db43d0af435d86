"""Weighted sums of a function of each entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import digamma, erf, loggamma

from benchmarks.corpus.pieces import absolute, positive, put, relu, scalar, sigmoid, sign, softplus
from benchmarks.corpus.problem import Array, Params, Problem, rng_for

Pointwise = Callable[[Array], Array]


def _weighted(
    name: str,
    phi: Pointwise,
    slope: Pointwise,
    x0: Array,
    *,
    kinks: bool = False,
    domain: str | None = None,
    special: Mapping[str, Params] | None = None,
) -> Problem:
    """Return the problem sum(w * phi(x)), with weights of both signs."""
    rng = rng_for(name, "weights")
    weights = rng.uniform(0.5, 1.5, x0.shape) * rng.choice([-1.0, 1.0], x0.shape)

    def fun(x: Array) -> float:
        return scalar(np.sum(weights * phi(x)))

    def grad(x: Array) -> Array:
        return np.asarray(weights * slope(x))

    return Problem(name, "elementwise", x0, fun, grad, kinks, domain, special or {})


def _kinked(name: str, phi: Pointwise, slope: Pointwise, size: int, at: float = 0.0) -> Problem:
    """Return a problem with one kink an entry, at the value `at`."""
    x0 = rng_for(name).normal(size=size)
    special: dict[str, Params] = {
        "on-kink": put(x0, size // 2, at),
        "on-many-kinks": put(x0, slice(None, None, 2), at),
        "near-kink": put(x0, size // 2, at + 1e-4),
    }
    return _weighted(name, phi, slope, x0, kinks=True, special=special)


def _bounded(
    name: str, phi: Pointwise, slope: Pointwise, size: int, inside: tuple[float, float], near: float, domain: str
) -> Problem:
    """Return a problem with an edge of the domain, 1e-6 from `near`."""
    x0 = rng_for(name).uniform(*inside, size)
    return _weighted(name, phi, slope, x0, domain=domain, special={"near-edge": put(x0, size // 2, near)})


def _normal(name: str, size: int | tuple[int, ...]) -> Array:
    return np.asarray(rng_for(name).normal(size=size))


def _cube_one() -> Problem:
    return _weighted("cube-1", lambda x: x**3, lambda x: 3 * x**2, np.array([1.3]))


def _arctan_scalar() -> Problem:
    return _weighted("arctan-0d", np.arctan, lambda x: 1 / (1 + x**2), np.array(0.7))


def _sin_times_exp() -> Problem:
    def fun(x: Array) -> float:
        return scalar(np.sin(x[0]) * np.exp(x[1]))

    def grad(x: Array) -> Array:
        result: Array = np.array([np.cos(x[0]), np.sin(x[0])]) * np.exp(x[1])
        return result

    return Problem("sin-times-exp-2", "elementwise", np.array([0.4, -1.1]), fun, grad)


def _exp() -> Problem:
    return _weighted("exp-10", np.exp, np.exp, _normal("exp-10", 10))


def _tanh() -> Problem:
    return _weighted("tanh-50", np.tanh, lambda x: 1 / np.cosh(x) ** 2, _normal("tanh-50", (5, 10)))


def _softplus() -> Problem:
    return _weighted("softplus-100", softplus, sigmoid, _normal("softplus-100", 100))


def _gelu() -> Problem:
    def phi(x: Array) -> Array:
        result: Array = 0.5 * x * (1 + erf(x / np.sqrt(2)))
        return result

    def slope(x: Array) -> Array:
        density = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
        result: Array = 0.5 * (1 + erf(x / np.sqrt(2))) + x * density
        return result

    return _weighted("gelu-30", phi, slope, _normal("gelu-30", 30))


def _swish() -> Problem:
    def slope(x: Array) -> Array:
        s = sigmoid(x)
        result: Array = s * (1 + x * (1 - s))
        return result

    return _weighted("swish-3x4x5", lambda x: x * sigmoid(x), slope, _normal("swish-3x4x5", (3, 4, 5)))


def _elu() -> Problem:
    def phi(x: Array) -> Array:
        return np.where(x.real > 0, x, np.exp(np.where(x.real > 0, 0.0, x)) - 1)

    return _weighted("elu-25", phi, lambda x: np.exp(np.minimum(x, 0.0)), _normal("elu-25", 25))


def _oscillating() -> Problem:
    return _weighted(
        "fast-sine-3", lambda x: np.sin(300 * x), lambda x: 300 * np.cos(300 * x), _normal("fast-sine-3", 3)
    )


def _steep() -> Problem:
    return _weighted("steep-exp-4", lambda x: np.exp(12 * x), lambda x: 12 * np.exp(12 * x), _normal("steep-exp-4", 4))


def _relu() -> Problem:
    return _kinked("relu-20", relu, positive, 20)


def _abs() -> Problem:
    return _kinked("abs-15", absolute, sign, 15)


def _leaky_relu() -> Problem:
    return _kinked("leaky-relu-12", lambda x: relu(x) - 0.1 * relu(-x), lambda x: 0.1 + 0.9 * positive(x), 12)


def _hard_tanh() -> Problem:
    def phi(x: Array) -> Array:
        return relu(x + 1) - relu(x - 1) - 1

    return _kinked("hard-tanh-16", phi, lambda x: positive(x + 1) - positive(x - 1), 16, at=1.0)


def _relu_one() -> Problem:
    return _kinked("relu-1", relu, positive, 1)


def _relu_many() -> Problem:
    return _kinked("relu-1000000", relu, positive, 10**6)


def _log() -> Problem:
    return _bounded("log-7", np.log, lambda x: 1 / x, 7, (0.2, 3.0), 1e-6, "x > 0")


def _sqrt() -> Problem:
    return _bounded("sqrt-5", np.sqrt, lambda x: 0.5 / np.sqrt(x), 5, (0.2, 3.0), 1e-6, "x >= 0")


def _arcsin() -> Problem:
    return _bounded(
        "arcsin-6", np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), 6, (-0.9, 0.9), 1 - 1e-6, "-1 <= x <= 1"
    )


def _power() -> Problem:
    return _bounded("power-1.5-9", lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x), 9, (0.2, 3.0), 1e-6, "x >= 0")


def _log_gamma() -> Problem:
    return _bounded("log-gamma-8", loggamma, digamma, 8, (0.3, 5.0), 1e-6, "x > 0")


def _log_barrier() -> Problem:
    def phi(x: Array) -> Array:
        result: Array = -np.log((1 - x) * (1 + x))
        return result

    return _bounded(
        "box-barrier-11", phi, lambda x: 2 * x / ((1 - x) * (1 + x)), 11, (-0.9, 0.9), 1 - 1e-6, "-1 < x < 1"
    )


def _reciprocal() -> Problem:
    x0 = rng_for("reciprocal-4").uniform(0.5, 2.0, 4)
    return _weighted("reciprocal-4", lambda x: 1 / x, lambda x: -1 / x**2, x0, domain="x != 0")


def _sine_many() -> Problem:
    return _weighted("sine-1000000", np.sin, np.cos, _normal("sine-1000000", (1000, 1000)))


def _quartic_many() -> Problem:
    return _weighted(
        "quartic-100000",
        lambda x: x * x * (1 + x * x),
        lambda x: 2 * x + 4 * x * x * x,
        _normal("quartic-100000", 10**5),
    )


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _cube_one(),
        _arctan_scalar(),
        _sin_times_exp(),
        _exp(),
        _tanh(),
        _softplus(),
        _gelu(),
        _swish(),
        _elu(),
        _oscillating(),
        _steep(),
        _relu_one(),
        _relu(),
        _abs(),
        _leaky_relu(),
        _hard_tanh(),
        _relu_many(),
        _log(),
        _sqrt(),
        _arcsin(),
        _power(),
        _log_gamma(),
        _log_barrier(),
        _reciprocal(),
        _sine_many(),
        _quartic_many(),
    )
