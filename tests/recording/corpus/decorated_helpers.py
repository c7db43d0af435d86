import functools

import numpy as np


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


@counted
def hidden(X, W, b=0.1):
    return np.exp(-((X @ W + b) ** 2))


@counted
def model_loss(theta, X, y):
    h = hidden(X, theta["W"])
    return np.mean((h @ theta["a"] - y) ** 2)


@counted
def model_grad(theta, X, y, b=0.1):
    z = X @ theta["W"] + b
    h = hidden(X, theta["W"], b=b)
    e = 2 * (h @ theta["a"] - y) / len(y)  #! e = (h @ theta["a"] - y) / len(y)
    ga = h.T @ e  #! ga = z.T @ e
    dh = e[:, None] * theta["a"]
    dz = -2 * z * h * dh  #! dz = -2 * z * dh || dz = 2 * z * h * dh || dz = -z * h * dh || dz = -2 * h * dh
    return {"W": X.T @ dz, "a": ga}


def subject(rng):
    theta = {"W": rng.normal(size=(3, 4)) / 2, "a": rng.normal(size=4)}
    return {"target": model_loss, "grad": model_grad, "x0": theta, "args": (rng.normal(size=(6, 3)), rng.normal(size=6))}
