import numpy as np


def softplus(z):
    return np.log1p(np.exp(z))


def value_and_grad(x, A, c):
    z = A @ x
    s = softplus(z)
    value = c @ s + 0.5 * x @ x
    slope = 1 / (1 + np.exp(-z))  #! slope = 1 / (1 + np.exp(z)) || slope = 1 / (1 + np.exp(-s))
    back = c * slope  #! back = c * slope**2
    g = A.T @ back + x  #! g = A.T @ back || g = A.T @ back + 0.5 * x || g = A.T @ back * x
    return value, g


def subject(rng):
    return {"target": value_and_grad, "grad": True, "x0": rng.normal(size=4), "args": (rng.normal(size=(7, 4)), rng.normal(size=7))}
