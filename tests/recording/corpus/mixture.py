import numpy as np


def unpack(theta):
    return theta[:3], theta[3:6], np.exp(theta[6:])


def joint(theta, y):
    logits, mu, sd = unpack(theta)
    logpi = logits - np.log(np.sum(np.exp(logits)))
    z = (y[:, None] - mu) / sd
    return logpi - np.log(sd) - 0.5 * z**2, z


def nll(theta, y):
    lj, _ = joint(theta, y)
    return -np.sum(np.log(np.sum(np.exp(lj), axis=1)))


def nll_gradient(theta, y):
    logits, mu, sd = unpack(theta)
    lj, z = joint(theta, y)
    gamma = np.exp(lj) / np.sum(np.exp(lj), axis=1, keepdims=True)
    pi = np.exp(logits) / np.sum(np.exp(logits))
    g = np.empty(9)
    g[:3] = len(y) * pi - gamma.sum(axis=0)  #! g[:3] = pi - gamma.sum(axis=0) || g[:3] = gamma.sum(axis=0) - len(y) * pi
    g[3:6] = -np.sum(gamma * z / sd, axis=0)  #! g[3:6] = np.sum(gamma * z / sd, axis=0) || g[3:6] = -np.sum(gamma * z / sd**2, axis=0)
    g[6:] = np.sum(gamma * (1 - z**2), axis=0)  #! g[6:] = np.sum(gamma * (1 - z), axis=0) || g[6:] = np.sum(gamma * (1 - z**2) / sd, axis=0)
    return g


def subject(rng):
    return {"target": nll, "grad": nll_gradient, "x0": 0.5 * rng.normal(size=9), "args": (rng.normal(size=8),)}
