import numpy as np


def energy(x, pairs, rest, k):
    total = 0.0
    for (i, j), length in zip(pairs, rest):
        d = x[i] - x[j]
        r = np.sqrt(np.sum(d**2))
        total += 0.5 * k * (r - length) ** 2
    return total


def forces(x, pairs, rest, k):
    g = np.zeros_like(x)
    for (i, j), length in zip(pairs, rest):
        d = x[i] - x[j]
        r = np.sqrt(np.sum(d**2))
        pull = k * (r - length) * d / r  #! pull = k * (r - length) * d || pull = 2 * k * (r - length) * d / r || pull = k * (length - r) * d / r || pull = k * d / r
        g[i] += pull  #! g[i] = pull
        g[j] -= pull  #! g[j] += pull
    return g


def subject(rng):
    pairs = [(0, 1), (1, 2), (2, 3), (0, 3), (0, 2)]
    return {"target": energy, "grad": forces, "x0": rng.normal(size=(4, 3)), "args": (pairs, list(rng.uniform(0.5, 1.5, 5)), 1.7)}
