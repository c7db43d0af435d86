import numpy as np


def sigmoid(u):
    return 1 / (1 + np.exp(-u))


def fun(theta, X, y):
    w, b = theta["w"], theta["b"]
    p = sigmoid(X @ w + b)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.05 * np.sum(w**2)


def grad(theta, X, y):
    w, b = theta["w"], theta["b"]
    p = sigmoid(X @ w + b)
    r = (p - y) / len(y)  #! r = (p - y) / len(y) * 2 || r = (p - y) * p * (1 - p) / len(y)
    dw = X.T @ r + 0.1 * w  #! dw = X.T @ r || dw = X.T @ r + 0.05 * w || dw = X.T @ r - 0.1 * w
    db = r.sum()  #! db = r.mean()
    return {"w": dw, "b": db}


def subject(rng):
    X = rng.normal(size=(12, 4))
    theta = {"w": rng.normal(size=4), "b": np.array(0.3)}
    return {"target": fun, "grad": grad, "x0": theta, "args": (X, (rng.random(12) > 0.4).astype(float))}
