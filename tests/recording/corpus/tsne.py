import numpy as np


def affinities(Y):
    sq = np.sum((Y[:, None] - Y[None]) ** 2, axis=2)
    num = 1 / (1 + sq)
    np.fill_diagonal(num, 0.0)
    return num, num / num.sum()


def kl(Y, P):
    _, Q = affinities(Y)
    off = ~np.eye(len(Y), dtype=bool)
    return np.sum(P[off] * np.log(P[off] / Q[off]))


def kl_gradient(Y, P):
    num, Q = affinities(Y)
    G = np.zeros_like(Y)
    for i in range(len(Y)):
        weight = (P[i] - Q[i]) * num[i]  #! weight = P[i] - Q[i] || weight = (Q[i] - P[i]) * num[i] || weight = P[i] * num[i]
        G[i] = 4 * weight @ (Y[i] - Y)  #! G[i] = 2 * weight @ (Y[i] - Y) || G[i] = 4 * weight @ (Y - Y[i])
    return G


def subject(rng):
    P = rng.uniform(size=(6, 6))
    P = P + P.T
    np.fill_diagonal(P, 0.0)
    return {"target": kl, "grad": kl_gradient, "x0": rng.normal(size=(6, 2)), "args": (P / P.sum(),)}
