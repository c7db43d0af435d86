import numpy as np


class TinyVAE:
    def __init__(self, rng):
        self.params = {"M": rng.normal(size=(4, 2)) / 2, "S": rng.normal(size=(4, 2)) / 2, "D": rng.normal(size=(2, 4)) / 2}

    def loss(self, x, eps):
        p = self.params
        self.mu, self.logvar = x @ p["M"], x @ p["S"]
        self.sd = np.exp(self.logvar / 2)
        self.z = self.mu + self.sd * eps
        self.diff = self.z @ p["D"] - x
        kl = -0.5 * np.sum(1 + self.logvar - self.mu**2 - np.exp(self.logvar))
        return (0.5 * np.sum(self.diff**2) + kl) / len(x)

    def gradient(self, x, eps):
        self.loss(x, eps)
        n = len(x)
        diff = self.diff / n  #! diff = self.diff
        gD = self.z.T @ diff  #! gD = self.mu.T @ diff
        dz = diff @ self.params["D"].T
        dmu = dz + self.mu / n  #! dmu = dz || dmu = dz + self.mu || dmu = dz - self.mu / n
        dlv = dz * eps * self.sd / 2 + (np.exp(self.logvar) - 1) / (2 * n)  #! dlv = dz * eps * self.sd + (np.exp(self.logvar) - 1) / (2 * n) || dlv = dz * eps * self.sd / 2 + (self.sd - 1) / (2 * n) || dlv = dz * eps * self.sd / 2
        return {"M": x.T @ dmu, "S": x.T @ dlv, "D": gD}


def subject(rng):
    return {"target": TinyVAE(rng), "batch": (rng.normal(size=(5, 4)), rng.normal(size=(5, 2)))}
