import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


class Gated:
    def __init__(self, rng):
        self.params = {name: rng.normal(size=(3, 3)) / 2 for name in ("Wz", "Uz", "Wh", "Uh")}

    def loss(self, x, h0, target):
        p = self.params
        self.z = sigma(x @ p["Wz"] + h0 @ p["Uz"])
        self.c = np.tanh(x @ p["Wh"] + h0 @ p["Uh"])
        self.h = (1 - self.z) * h0 + self.z * self.c
        return 0.5 * np.sum((self.h - target) ** 2)

    def gradient(self, x, h0, target):
        self.loss(x, h0, target)
        dh = self.h - target  #! dh = (self.h - target) / len(target)
        dz = dh * (self.c - h0)  #! dz = dh * self.c || dz = dh * (self.c + h0)
        dc = dh * self.z  #! dc = dh * (1 - self.z)
        daz = dz * self.z * (1 - self.z)  #! daz = dz * self.z || daz = dz * (1 - self.z**2)
        dac = dc * (1 - self.c**2)  #! dac = dc * (1 - self.c) || dac = dc * self.c * (1 - self.c)
        return {"Wz": x.T @ daz, "Uz": h0.T @ daz, "Wh": x.T @ dac, "Uh": h0.T @ dac}


def subject(rng):
    return {"target": Gated(rng), "batch": (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))}
