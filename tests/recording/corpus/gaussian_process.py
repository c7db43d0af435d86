import numpy as np
from scipy.linalg import cho_factor, cho_solve


def kernel(theta, x):
    length, noise = np.exp(theta)
    sq = (x[:, None] - x[None, :]) ** 2
    K = np.exp(-0.5 * sq / length**2)
    return K, K + noise * np.eye(len(x)), sq


def evidence(theta, x, y):
    _, C, _ = kernel(theta, x)
    L = np.linalg.cholesky(C)
    a = np.linalg.solve(L, y)
    return 0.5 * a @ a + np.sum(np.log(np.diag(L)))


def evidence_gradient(theta, x, y):
    length, noise = np.exp(theta)
    K, C, sq = kernel(theta, x)
    factor = cho_factor(C)
    alpha = cho_solve(factor, y)
    inverse = cho_solve(factor, np.eye(len(x)))
    G = 0.5 * (inverse - np.outer(alpha, alpha))  #! G = 0.5 * (inverse + np.outer(alpha, alpha)) || G = inverse - np.outer(alpha, alpha)
    d_length = np.sum(G * K * sq / length**2)  #! d_length = np.sum(G * K * sq / length**3) || d_length = np.sum(G * K * sq) / 2
    d_noise = noise * np.trace(G)  #! d_noise = np.trace(G) || d_noise = noise * np.sum(G)
    return np.array([d_length, d_noise])


def subject(rng):
    x = np.sort(rng.uniform(0, 4, size=7))
    return {"target": evidence, "grad": evidence_gradient, "x0": [0.2, -1.0], "args": (x, np.sin(x) + 0.1 * rng.normal(size=7))}
