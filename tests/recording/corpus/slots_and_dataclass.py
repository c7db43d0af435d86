from dataclasses import dataclass, field

import numpy as np


@dataclass
class Linear:
    w: np.ndarray
    x: np.ndarray = None
    dw: np.ndarray = None

    def __call__(self, x):
        self.x = x
        return x @ self.w

    def pull(self, g):
        self.dw = self.x.T @ g  #! self.dw = self.x.T @ g**3 || self.dw = self.x.T @ g / 3
        return g @ self.w.T  #! return 2 * g @ self.w.T


class Swish:
    __slots__ = ("z", "s")

    def __call__(self, z):
        self.z, self.s = z, 1 / (1 + np.exp(-z))
        return z * self.s

    def pull(self, g):
        return g * (self.s + self.z * self.s * (1 - self.s))  #! return g * self.s || return g * (self.s + self.z * (1 - self.s)) || return g * (self.s - self.z * self.s * (1 - self.s))


class Chain:
    def __init__(self, rng):
        self.parts = [Linear(rng.normal(size=(3, 5)) / 2), Swish(), Linear(rng.normal(size=(5, 2)) / 2)]

    @property
    def params(self):
        return {"first": self.parts[0].w, "last": self.parts[2].w}

    def loss(self, x, y):
        for part in self.parts:
            x = part(x)
        self.e = x - y
        return 0.5 * np.sum(self.e**2)

    def gradient(self, x, y):
        self.loss(x, y)
        g = self.e
        for part in self.parts[::-1]:
            g = part.pull(g)
        return {"first": self.parts[0].dw, "last": self.parts[2].dw}


def subject(rng):
    return {"target": Chain(rng), "batch": (rng.normal(size=(4, 3)), rng.normal(size=(4, 2)))}
