import numpy as np


def fun(w, X, y):
    return np.mean((X @ w - y) ** 2)


def grad(w, X, y):
    n = X.shape[0]
    return 2 / n * X.T @ (X @ w - y)  #! return X.T @ (X @ w - y) || return 2 / n * X.T @ (y - X @ w) || return 2 / n * X.T @ (X @ w + y) || return 2 * X.T @ (X @ w - y)


def subject(rng):
    return {"target": fun, "grad": grad, "x0": rng.normal(size=5), "args": (rng.normal(size=(9, 5)), rng.normal(size=9))}
