import numpy as np


def action(q, m, k, dt):
    v = np.diff(q) / dt
    return np.sum(0.5 * m * v**2) * dt - np.sum(0.25 * k * q[1:] ** 4) * dt


def action_gradient(q, m, k, dt):
    v = np.diff(q) / dt
    g = np.zeros_like(q)
    g[1:] += m * v  #! g[1:] += m * v * dt || g[1:] -= m * v
    g[:-1] -= m * v  #! g[:-1] += m * v || g[:-1] -= v
    g[1:] -= k * q[1:] ** 3 * dt  #! g[1:] -= k * q[1:] ** 3 || g[1:] -= k * q[1:] ** 2 * dt || g[1:] -= k * q[:-1] ** 3 * dt
    return g


def subject(rng):
    return {"target": action, "grad": action_gradient, "x0": rng.normal(size=9), "args": (1.3, 0.7, 0.2)}
