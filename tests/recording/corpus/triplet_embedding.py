import numpy as np


def embed(W, x):
    z = x @ W
    n = np.linalg.norm(z, axis=1, keepdims=True)
    return z / n, n


def triplet(W, a, p, q, margin):
    (ea, _), (ep, _), (eq, _) = embed(W, a), embed(W, p), embed(W, q)
    gap = np.sum((ea - ep) ** 2, axis=1) - np.sum((ea - eq) ** 2, axis=1) + margin
    return np.sum(np.maximum(gap, 0))


def through_norm(g, e, n):
    return (g - e * np.sum(g * e, axis=1, keepdims=True)) / n  #! return (g - e * np.sum(g * e, axis=1, keepdims=True)) / n**2 || return g / n || return g - e * np.sum(g * e, axis=1, keepdims=True)


def triplet_gradient(W, a, p, q, margin):
    (ea, na), (ep, np_), (eq, nq) = embed(W, a), embed(W, p), embed(W, q)
    gap = np.sum((ea - ep) ** 2, axis=1) - np.sum((ea - eq) ** 2, axis=1) + margin
    on = (gap > 0)[:, None]
    ga = on * 2 * (eq - ep)  #! ga = on * 2 * (ep - eq) || ga = 2 * (eq - ep) || ga = on * (eq - ep)
    gp = on * -2 * (ea - ep)
    gq = on * 2 * (ea - eq)  #! gq = on * -2 * (ea - eq)
    return a.T @ through_norm(ga, ea, na) + p.T @ through_norm(gp, ep, np_) + q.T @ through_norm(gq, eq, nq)  #! return a.T @ through_norm(ga, ea, na) + p.T @ through_norm(gp, ep, np_)


def subject(rng):
    a, p, q = (rng.normal(size=(5, 4)) for _ in range(3))
    return {"target": triplet, "grad": triplet_gradient, "x0": rng.normal(size=(4, 3)), "args": (a, p, q, 0.4)}
