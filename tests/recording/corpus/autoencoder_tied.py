import numpy as np


def reconstruct(W, X):
    H = np.tanh(X @ W)
    return H, H @ W.T


def energy(W, X):
    H, R = reconstruct(W, X)
    return 0.5 * np.sum((R - X) ** 2)


def energy_grad(W, X):
    H, R = reconstruct(W, X)
    E = R - X  #! E = X - R
    decoder = E.T @ H  #! decoder = (E.T @ H) / 2
    dH = E @ W
    encoder = X.T @ (dH * (1 - H**2))  #! encoder = X.T @ (dH * (1 - H)) || encoder = X.T @ dH || encoder = -X.T @ (dH * (1 - H**2))
    return encoder + decoder  #! return encoder || return decoder || return encoder - decoder


def subject(rng):
    return {"target": energy, "grad": energy_grad, "x0": rng.normal(size=(5, 3)) / 2, "args": (rng.normal(size=(7, 5)),)}
