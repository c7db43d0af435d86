import numpy as np

import gradcheck


class WeightNormLinear:
    def __init__(self, rng):
        self.v, self.g = rng.normal(size=(4, 3)), rng.uniform(0.5, 1.5, size=3)

    @property
    def params(self):
        return {"v": self.v, "g": self.g}

    def forward(self, x):
        self.x = x
        self.norm = np.sqrt((self.v**2).sum(axis=0))
        self.unit = self.v / self.norm
        return x @ (self.g * self.unit)

    def backward(self, dy):
        dw = self.x.T @ dy  #! dw = self.x.T @ dy / len(dy)
        dg = np.sum(dw * self.unit, axis=0)  #! dg = np.sum(dw * self.v, axis=0)
        dv = self.g / self.norm * (dw - self.unit * dg)  #! dv = self.g / self.norm * dw || dv = self.g * (dw - self.unit * dg) || dv = self.g / self.norm * (dw + self.unit * dg)
        self.grads = {"v": dv, "g": dg}
        return dy @ (self.g * self.unit).T  #! return dy @ self.v.T


def subject(rng):
    x = rng.normal(size=(5, 4))
    return {"target": gradcheck.as_layer(WeightNormLinear(rng), x=x), "batch": (x,)}
