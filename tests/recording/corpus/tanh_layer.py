import numpy as np

import gradcheck


class TanhLayer:
    def __init__(self, rng):
        self.W = rng.normal(size=(4, 3)) / 2
        self.b = rng.normal(size=3) / 5

    def forward(self, x):
        self.x = x
        self.y = np.tanh(x @ self.W + self.b)
        return self.y

    def backward(self, upstream):
        inner = upstream * (1 - self.y**2)  #! inner = upstream * (1 - self.y) || inner = upstream || inner = (1 - self.y**2)
        self.dW = self.x.T @ inner  #! self.dW = self.x.T @ upstream
        self.db = inner.sum(axis=0)  #! self.db = inner[0]
        return inner @ self.W.T  #! return upstream @ self.W.T || return -inner @ self.W.T


def subject(rng):
    x = rng.normal(size=(5, 4))
    return {"target": gradcheck.as_layer(TanhLayer(rng), params=("W", "b")), "batch": (x,)}
