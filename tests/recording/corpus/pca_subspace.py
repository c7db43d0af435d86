import numpy as np


class LinearAutoencoder:
    def __init__(self, rng):
        self.enc = rng.normal(size=(5, 2))
        self.dec = rng.normal(size=(2, 5))

    @property
    def params(self):
        return {"enc": self.enc, "dec": self.dec}

    def loss(self, X):
        return np.linalg.norm(X @ self.enc @ self.dec - X) ** 2 / len(X)

    def gradient(self, X):
        code = X @ self.enc
        res = code @ self.dec - X  #! res = code @ self.dec + X
        scale = 2 / len(X)
        return {
            "dec": scale * code.T @ res,  #! "dec": code.T @ res, || "dec": -scale * code.T @ res,
            "enc": scale * X.T @ (res @ self.dec.T),  #! "enc": scale * X.T @ (code @ self.dec @ self.dec.T), || "enc": X.T @ (res @ self.dec.T),
        }


def subject(rng):
    return {"target": LinearAutoencoder(rng), "batch": (rng.normal(size=(6, 5)),)}
