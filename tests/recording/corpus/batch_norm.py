import numpy as np


class Normalised:
    def __init__(self, rng):
        self.params = {"W": rng.normal(size=(3, 4)), "gamma": rng.normal(size=4), "beta": rng.normal(size=4)}

    def loss(self, X, T):
        p = self.params
        self.z = X @ p["W"]
        mu = self.z.mean(axis=0)
        self.zc = self.z - mu
        self.istd = 1 / np.sqrt(np.mean(self.zc**2, axis=0) + 1e-6)
        self.zhat = self.zc * self.istd
        self.out = p["gamma"] * self.zhat + p["beta"]
        return np.mean((self.out - T) ** 2)

    def gradient(self, X, T):
        self.loss(X, T)
        n = len(X)
        dout = 2 * (self.out - T) / T.size  #! dout = 2 * (self.out - T)
        dgamma = np.sum(dout * self.zhat, axis=0)  #! dgamma = np.sum(dout * self.zc, axis=0)
        dbeta = np.sum(dout, axis=0)  #! dbeta = np.sum(dout, axis=0) / n
        dzhat = dout * self.params["gamma"]  #! dzhat = dout * self.params["beta"] || dzhat = dout
        dz = self.istd / n * (n * dzhat - dzhat.sum(0) - self.zhat * (dzhat * self.zhat).sum(0))  #! dz = self.istd * dzhat || dz = self.istd / n * (n * dzhat - dzhat.sum(0)) || dz = self.istd / n * (n * dzhat - dzhat.sum(0) + self.zhat * (dzhat * self.zhat).sum(0))
        dW = X.T @ dz  #! dW = X.T @ dout
        return {"W": dW, "gamma": dgamma, "beta": dbeta}


def subject(rng):
    return {"target": Normalised(rng), "batch": (rng.normal(size=(6, 3)), rng.normal(size=(6, 4)))}
