import numpy as np

import gradcheck


class PReLU:
    """Learns the slope on the negative side."""

    def __init__(self, rng):
        self.params = {"a": rng.uniform(0.1, 0.4, size=3)}

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.params["a"] * x)

    def backward(self, dy):
        neg = self.x <= 0
        self.grads = {"a": np.sum(dy * self.x * neg, axis=0)}  #! self.grads = {"a": np.sum(dy * neg, axis=0)} || self.grads = {"a": np.sum(dy * self.x, axis=0)}
        return dy * np.where(neg, self.params["a"], 1.0)  #! return dy * np.where(neg, 1.0, self.params["a"]) || return dy * np.where(neg, 0.0, 1.0)


def subject(rng):
    x = rng.normal(size=(6, 3))
    return {"target": gradcheck.as_layer(PReLU(rng), x=x), "batch": (x,)}
