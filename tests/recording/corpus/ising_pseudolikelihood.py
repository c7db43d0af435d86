import numpy as np


def unflatten(theta, n):
    J = np.zeros((n, n))
    J[np.triu_indices(n, 1)] = theta[n:]
    return theta[:n], J + J.T


def objective(theta, S):
    h, J = unflatten(theta, S.shape[1])
    field = h + S @ J
    return np.sum(np.log(1 + np.exp(-2 * S * field)))


def objective_gradient(theta, S):
    n = S.shape[1]
    h, J = unflatten(theta, n)
    field = h + S @ J
    D = -2 * S / (1 + np.exp(2 * S * field))  #! D = -S / (1 + np.exp(2 * S * field)) || D = -2 * S / (1 + np.exp(-2 * S * field)) || D = 2 * S / (1 + np.exp(2 * S * field))
    M = S.T @ D  #! M = D.T @ D
    both = M + M.T  #! both = 2 * M || both = M
    return np.concatenate([D.sum(axis=0), both[np.triu_indices(n, 1)]])  #! return np.concatenate([D.mean(axis=0), both[np.triu_indices(n, 1)]])


def subject(rng):
    return {"target": objective, "grad": objective_gradient, "x0": 0.3 * rng.normal(size=10), "args": (rng.choice([-1.0, 1.0], size=(12, 4)),)}
