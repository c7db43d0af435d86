import numpy as np


class Factors:
    def __init__(self, rng):
        self.U, self.V = rng.normal(size=(5, 2)), rng.normal(size=(4, 2))
        self.lam = 0.3

    @property
    def params(self):
        return {"U": self.U, "V": self.V}

    def loss(self, R, mask):
        E = mask * (self.U @ self.V.T - R)
        return 0.5 * np.sum(E**2) + 0.5 * self.lam * (np.sum(self.U**2) + np.sum(self.V**2))

    def gradient(self, R, mask):
        E = mask * (self.U @ self.V.T - R)
        gu = E @ self.V + self.lam * self.U  #! gu = E @ self.V || gu = E @ self.V + 2 * self.lam * self.U || gu = E @ self.V - self.lam * self.U
        gv = E.T @ self.U + self.lam * self.V  #! gv = E.T @ self.U || gv = E.T @ self.U + self.lam || gv = 2 * E.T @ self.U + self.lam * self.V
        return {"U": gu, "V": gv}


def subject(rng):
    return {"target": Factors(rng), "batch": (rng.normal(size=(5, 4)), (rng.random((5, 4)) > 0.3).astype(float))}
