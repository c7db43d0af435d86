"""Residuals of nonlinear least squares and systems of equations.

Sources of the formulas: J. J. Moré, B. S. Garbow and K. E. Hillstrom, Testing Unconstrained Optimization Software, ACM
TOMS 7 (1981). All are analytic, so that their Jacobians are known to rounding from one evaluation with an imaginary
step for each parameter (W. Squire and G. Trapp, SIAM Review 40, 1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def rosenbrock(x: Array) -> Array:
    """Extended Rosenbrock function."""
    odd, even = x[::2], x[1::2]
    return np.concatenate([10 * (even - odd**2), 1 - odd])


def powell_singular(x: Array) -> Array:
    """Extended Powell singular function."""
    a, b, c, d = x[::4], x[1::4], x[2::4], x[3::4]
    return np.concatenate([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])


def freudenstein_roth(x: Array) -> Array:
    """Freudenstein and Roth function."""
    a, b = x
    return np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def beale(x: Array) -> Array:
    """Beale function."""
    y = np.array([1.5, 2.25, 2.625])
    return y - x[0] * (1 - x[1] ** np.arange(1, 4))


def helical_valley(x: Array) -> Array:
    """Helical valley function, for a positive first parameter."""
    angle = np.arctan(x[1] / x[0]) / (2 * np.pi)
    return np.array([10 * (x[2] - 10 * angle), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


def bard(x: Array) -> Array:
    """Bard function."""
    u = np.arange(1, 16)
    v = 16 - u
    return 0.1 * u - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def kowalik_osborne(x: Array) -> Array:
    """Kowalik and Osborne function."""
    u = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    return 0.2 - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def meyer(x: Array) -> Array:
    """Meyer function, divided by 1000."""
    t = 45 + 5 * np.arange(1, 17)
    return x[0] * np.exp(1000 * x[1] / (t + 1000 * x[2])) - t


def box(x: Array) -> Array:
    """Box three-dimensional function."""
    t = 0.1 * np.arange(1, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def jennrich_sampson(x: Array) -> Array:
    """Jennrich and Sampson function."""
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def brown_dennis(x: Array) -> Array:
    """Brown and Dennis function."""
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def osborne(x: Array) -> Array:
    """Osborne exponential fit."""
    t = 10.0 * np.arange(33) / 100
    return 0.8 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x: Array) -> Array:
    """Biggs EXP6 function."""
    t = 0.1 * np.arange(1, 14)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - np.exp(-t)


def broyden_tridiagonal(x: Array) -> Array:
    """Broyden tridiagonal function."""
    padded = np.concatenate([[0], x, [0]])
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def broyden_banded(x: Array) -> Array:
    """Broyden banded function."""
    bands = [
        np.sum([x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i]) for i in range(len(x))
    ]
    return x * (2 + 5 * x**2) + 1 - np.array(bands)


def trigonometric(x: Array) -> Array:
    """Trigonometric function."""
    n = len(x)
    i = np.arange(1, n + 1)
    return n - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x: Array) -> Array:
    """Brown almost-linear function."""
    n = len(x)
    return np.concatenate([x[:-1] + np.sum(x) - (n + 1), [np.prod(x) - 1]])


def discrete_boundary_value(x: Array) -> Array:
    """Discrete boundary value function."""
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    padded = np.concatenate([[0], x, [0]])
    return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral(x: Array) -> Array:
    """Discrete integral equation function."""
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    cubes = (x + t + 1) ** 3
    below, above = np.cumsum(t * cubes), np.cumsum(((1 - t) * cubes)[::-1])[::-1]
    return x + h * ((1 - t) * below + t * (above - (1 - t) * cubes)) / 2


def variably_dimensioned(x: Array) -> Array:
    """Variably dimensioned function."""
    i = np.arange(1, len(x) + 1)
    total = np.sum(i * (x - 1))
    return np.concatenate([x - 1, [total, total**2]])


def chebyquad(x: Array) -> Array:
    """Chebyquad function."""
    y = 2 * x - 1
    before, now, means = np.ones_like(y), y, []
    for k in range(1, len(x) + 1):
        integral = -1 / (k**2 - 1) if k % 2 == 0 else 0.0
        means.append(np.mean(now) - integral)
        before, now = now, 2 * y * now - before
    return np.array(means)


def logistic_growth(x: Array) -> Array:
    """Residuals of a logistic curve."""
    t = np.linspace(0, 5, 12)
    return x[0] / (1 + np.exp(-x[1] * (t - x[2]))) - np.sin(t)


def gaussian_peaks(x: Array) -> Array:
    """Residuals of two Gaussian peaks on a line."""
    t = np.linspace(-2, 3, 25)
    peaks = x[0] * np.exp(-((t - x[1]) ** 2) / x[2]) + x[3] * np.exp(-((t - x[4]) ** 2) / x[5])
    return peaks + x[6] + x[7] * t


def enzyme(x: Array) -> Array:
    """Michaelis and Menten kinetics with inhibition."""
    s = np.linspace(0.1, 3, 10)
    return x[0] * s / (x[1] + s + s**2 / x[2])


def lotka_volterra(x: Array) -> Array:
    """Right-hand side of predator and prey; the last four entries are its constants."""
    a, b, c, d = x[2:]
    return np.array([a * x[0] - b * x[0] * x[1], -c * x[1] + d * x[0] * x[1]])


def robertson(x: Array) -> Array:
    """Right-hand side of the Robertson reaction, scaled."""
    r = np.array([0.04 * x[0], 1e4 * x[1] * x[2], 3e7 * x[1] ** 2])
    return np.array([-r[0] + r[1], r[0] - r[1] - r[2], r[2]])


def lorenz96(x: Array) -> Array:
    """Right-hand side of the Lorenz model of 1996."""
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8


def brusselator(x: Array) -> Array:
    """Right-hand side of the Brusselator on a line."""
    n = len(x) // 2
    u, v = x[:n], x[n:]
    diffusion = [np.concatenate([[1], w, [1]]) for w in (u, v)]
    lap = [w[:-2] - 2 * w[1:-1] + w[2:] for w in diffusion]
    return np.concatenate([1 + u**2 * v - 4 * u + lap[0], 3 * u - u**2 * v + lap[1]])


def robot_arm(x: Array) -> Array:
    """Position and direction of the hand of a planar arm: angles, then lengths."""
    n = len(x) // 2
    angles = np.cumsum(x[:n])
    return np.array([np.sum(x[n:] * np.cos(angles)), np.sum(x[n:] * np.sin(angles)), angles[-1]])


def rotated_points(x: Array) -> Array:
    """Points turned by three angles and projected, as in bundle adjustment."""
    a, b, c = x[:3]
    rz = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rx = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    points = x[6:].reshape(-1, 3) @ (rz @ ry @ rx).T + x[3:6] + np.array([0, 0, 6])
    return (points[:, :2] / points[:, 2:]).ravel()


def softmax(x: Array) -> Array:
    """Softmax."""
    e = np.exp(x)
    return e / np.sum(e)


def layer_norm(x: Array) -> Array:
    """Layer normalisation."""
    centred = x - np.mean(x)
    return centred / np.sqrt(np.mean(centred**2) + 1e-5)


def dense_layer(x: Array) -> Array:
    """A dense layer with tanh: weights, then input."""
    return np.tanh(x[:12].reshape(3, 4) @ x[12:])


def matrix_inverse(x: Array) -> Array:
    """The inverse of a 3 by 3 matrix."""
    return np.linalg.inv(x.reshape(3, 3) + 3 * np.eye(3)).ravel()


def matrix_square(x: Array) -> Array:
    """The square of a matrix."""
    m = x.reshape(4, 4)
    return (m @ m).ravel()


def discrete_fourier(x: Array) -> Array:
    """A power spectrum by a sum, so that imaginary steps pass."""
    k = np.arange(len(x))
    c, s = np.cos(2 * np.pi * np.outer(k, k) / len(x)), np.sin(2 * np.pi * np.outer(k, k) / len(x))
    return (c @ x) ** 2 + (s @ x) ** 2


def convolution(x: Array) -> Array:
    """A signal with a kernel, both parameters."""
    n = len(x) - 3
    return np.array([x[i] * x[n] + x[i + 1] * x[n + 1] + x[i + 2] * x[n + 2] for i in range(n - 2)])


def constraint_ring(x: Array) -> Array:
    """Distances between neighbours on a ring, as constraints."""
    p = x.reshape(-1, 2)
    return np.sum((p - np.roll(p, 1, axis=0)) ** 2, axis=1) - 1


def heat_step(x: Array) -> Array:
    """One implicit step of nonlinear diffusion, as a residual."""
    padded = np.concatenate([[x[0]], x, [x[-1]]])
    flux = (1 + ((padded[1:] + padded[:-1]) / 2) ** 2) * np.diff(padded)
    return x - 0.1 * np.diff(flux)
