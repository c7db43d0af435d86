import numpy as np


def fun(W, X, T, mu):
    Z = np.arctan(X @ W)
    gram = W.T @ W - np.eye(W.shape[1])
    return np.mean((Z - T) ** 2) + mu * np.sum(gram**2)


def grad(W, X, T, mu):
    A = X @ W
    Z = np.arctan(A)
    gram = W.T @ W - np.eye(W.shape[1])
    back = 2 * (Z - T) / Z.size  #! back = 2 * (Z - T) / len(Z) || back = (Z - T) / Z.size
    back = back / (1 + A**2)  #! back = back * (1 + A**2) || back = back / (1 + Z**2) || back = back / (1 + A)
    return X.T @ back + 4 * mu * W @ gram  #! return X.T @ back + 2 * mu * W @ gram || return X.T @ back + 4 * mu * W || return X.T @ back - 4 * mu * W @ gram


def subject(rng):
    return {"target": fun, "grad": grad, "x0": rng.normal(size=(4, 3)), "args": (rng.normal(size=(6, 4)), rng.normal(size=(6, 3)), 0.1)}
