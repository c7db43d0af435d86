import numpy as np


def penalised(w, X, y, groups, lam):
    r = X @ w - y
    pen = sum(np.sqrt(len(g)) * np.linalg.norm(w[g]) for g in groups)
    return 0.5 * r @ r / len(y) + lam * pen


def penalised_gradient(w, X, y, groups, lam):
    r = X @ w - y
    out = X.T @ r / len(y)  #! out = X.T @ r || out = 2 * X.T @ r / len(y)
    for g in groups:
        out[g] += lam * np.sqrt(len(g)) * w[g] / np.linalg.norm(w[g])  #! out[g] += lam * w[g] / np.linalg.norm(w[g]) || out[g] -= lam * np.sqrt(len(g)) * w[g] / np.linalg.norm(w[g]) || out[g] += lam * np.sqrt(len(g)) * w[g]
    return out


def subject(rng):
    groups = [np.array([0, 1]), np.array([2, 3, 4])]
    return {"target": penalised, "grad": penalised_gradient, "x0": rng.normal(size=5), "args": (rng.normal(size=(9, 5)), rng.normal(size=9), groups, 0.3)}
