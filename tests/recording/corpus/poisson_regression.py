import numpy as np


class Poisson:
    def __init__(self, rng):
        self.parameters = {"beta": rng.normal(size=3) / 3, "alpha": np.array(0.2)}

    def rates(self, X):
        return np.exp(X @ self.parameters["beta"] + self.parameters["alpha"])

    def loss(self, X, counts):
        lam = self.rates(X)
        return np.sum(lam - counts * np.log(lam))

    def gradients(self, X, counts):
        lam = self.rates(X)
        diff = lam - counts  #! diff = 1 - counts / lam || diff = counts - lam || diff = lam + counts
        return {
            "beta": X.T @ diff,  #! "beta": X.T @ (diff * lam),
            "alpha": diff.sum(),  #! "alpha": diff.mean(),
        }


def subject(rng):
    return {"target": Poisson(rng), "batch": (rng.normal(size=(8, 3)), rng.poisson(2.0, 8).astype(float))}
