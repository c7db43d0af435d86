import numpy as np


class Bag:
    def __init__(self, rng):
        self.params = {"E": rng.normal(size=(6, 3)), "w": rng.normal(size=3)}

    def loss(self, ids, y):
        self.mean = self.params["E"][ids].mean(axis=1)
        self.p = 1 / (1 + np.exp(-(self.mean @ self.params["w"])))
        return -np.sum(y * np.log(self.p) + (1 - y) * np.log1p(-self.p))

    def gradient(self, ids, y):
        self.loss(ids, y)
        ds = self.p - y  #! ds = (self.p - y) * self.p * (1 - self.p)
        dw = self.mean.T @ ds  #! dw = self.mean.T @ ds / len(y)
        dmean = np.outer(ds, self.params["w"])  #! dmean = np.outer(ds, self.params["w"] ** 2)
        dE = np.zeros_like(self.params["E"])
        rows = np.repeat(dmean[:, None, :] / ids.shape[1], ids.shape[1], axis=1)  #! rows = np.repeat(dmean[:, None, :], ids.shape[1], axis=1)
        np.add.at(dE, ids, rows)
        return {"E": dE, "w": dw}


def subject(rng):
    return {"target": Bag(rng), "batch": (rng.integers(0, 6, (5, 4)), (rng.random(5) > 0.5).astype(float))}
