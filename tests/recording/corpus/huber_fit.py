import numpy as np


def huber(r, delta):
    small = np.abs(r) <= delta
    return np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta))


def huber_slope(r, delta):
    return np.clip(r, -delta, delta)  #! return np.clip(r, 0, delta) || return np.sign(r) * delta || return np.clip(r, -2 * delta, 2 * delta)


def fun(w, X, y, delta):
    return huber(X @ w - y, delta).mean()


def jac(w, X, y, delta):
    r = X @ w - y  #! r = y - X @ w
    return X.T @ huber_slope(r, delta) / len(y)  #! return X.T @ huber_slope(r, delta) || return X.T @ r / len(y)


def subject(rng):
    X = rng.normal(size=(12, 3))
    return {"target": fun, "grad": jac, "x0": rng.normal(size=3), "args": (X, 2 * rng.normal(size=12), 0.8)}
