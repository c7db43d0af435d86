import numpy as np
from scipy.special import digamma, gammaln


def nll(t, X, y):
    mu = 1 / (1 + np.exp(-X @ t[:-1]))
    phi = np.exp(t[-1])
    return -np.sum(gammaln(phi) - gammaln(mu * phi) - gammaln((1 - mu) * phi) + (mu * phi - 1) * np.log(y) + ((1 - mu) * phi - 1) * np.log(1 - y))


def nll_grad(t, X, y):
    mu = 1 / (1 + np.exp(-X @ t[:-1]))
    phi = np.exp(t[-1])
    ystar = np.log(y / (1 - y))  #! ystar = np.log(y) || ystar = y / (1 - y)
    mustar = digamma(mu * phi) - digamma((1 - mu) * phi)  #! mustar = digamma(mu * phi) || mustar = digamma(mu) - digamma(1 - mu)
    d_eta = phi * (mustar - ystar) * mu * (1 - mu)  #! d_eta = (mustar - ystar) * mu * (1 - mu) || d_eta = phi * (mustar - ystar) * mu || d_eta = phi * (ystar - mustar) * mu * (1 - mu)
    d_phi = -np.sum(mu * (ystar - mustar) + np.log(1 - y) - digamma((1 - mu) * phi) + digamma(phi))  #! d_phi = -np.sum(mu * (ystar - mustar) + np.log(1 - y) - digamma((1 - mu) * phi))
    return np.append(X.T @ d_eta, phi * d_phi)  #! return np.append(X.T @ d_eta, d_phi)


def subject(rng):
    return {"target": nll, "grad": nll_grad, "x0": 0.4 * rng.normal(size=4), "args": (rng.normal(size=(8, 3)), rng.uniform(0.1, 0.9, size=8))}
