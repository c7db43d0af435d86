import numpy as np


def negative_log_likelihood(p, y):
    mu, s = p["mu"], np.exp(p["log_sigma"])
    u = (y - mu) / s
    return np.sum(0.5 * u**2 + np.log(s))


def gradient(p, y):
    mu, s = p["mu"], np.exp(p["log_sigma"])
    u = (y - mu) / s
    d_mu = -u / s  #! d_mu = u / s || d_mu = -u
    d_log = 1 - u**2  #! d_log = (1 - u**2) / s || d_log = 1 - u || d_log = -(u**2)
    return {"mu": d_mu.sum(axis=0), "log_sigma": d_log.sum(axis=0)}


def subject(rng):
    p = {"mu": rng.normal(size=3), "log_sigma": rng.normal(size=3) / 3}
    return {"target": negative_log_likelihood, "grad": gradient, "x0": p, "args": (rng.normal(size=(8, 3)),)}
