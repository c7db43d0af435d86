import numpy as np


class AffineCoupling:
    """Half of the entries set the scale and the shift of the other half; the loss is a negative log density."""

    def __init__(self, rng):
        self.scale, self.shift = rng.normal(size=(2, 2)) / 2, rng.normal(size=(2, 2)) / 2

    @property
    def params(self):
        return {"scale": self.scale, "shift": self.shift}

    def loss(self, x):
        self.a, b = x[:, :2], x[:, 2:]
        self.s = np.tanh(self.a @ self.scale)
        self.b, self.y = b, b * np.exp(self.s) + self.a @ self.shift
        return 0.5 * np.sum(self.a**2 + self.y**2) - self.s.sum()

    def gradient(self, x):
        self.loss(x)
        dy = self.y  #! dy = -self.y
        ds = dy * self.b * np.exp(self.s) - 1  #! ds = dy * self.b * np.exp(self.s) || ds = dy * self.b * np.exp(self.s) + 1 || ds = dy * self.b - 1 || ds = dy * np.exp(self.s) - 1
        dpre = ds * (1 - self.s**2)  #! dpre = ds || dpre = ds * (1 - np.tanh(self.s) ** 2)
        return {"scale": self.a.T @ dpre, "shift": self.a.T @ dy}  #! return {"scale": self.b.T @ dpre, "shift": self.a.T @ dy}


def subject(rng):
    return {"target": AffineCoupling(rng), "batch": (rng.normal(size=(6, 4)),)}
