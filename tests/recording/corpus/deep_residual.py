import numpy as np


def relu(z):
    return np.where(z > 0, z, 0.2 * z)


def relu_slope(z):
    return np.where(z > 0, 1.0, 0.2)  #! return np.where(z > 0, 0.2, 1.0)


class Residual:
    depth = 3

    def __init__(self, rng):
        self.params = {f"W{i}": rng.normal(size=(4, 4)) / 2 for i in range(self.depth)}
        self.params["v"] = rng.normal(size=4)

    def loss(self, x, y):
        self.zs, self.hs = [], [x]
        for i in range(self.depth):
            z = self.hs[-1] @ self.params[f"W{i}"]
            self.zs.append(z)
            self.hs.append(self.hs[-1] + relu(z))
        self.error = self.hs[-1] @ self.params["v"] - y
        return np.sum(self.error**2) / len(y)

    def gradient(self, x, y):
        self.loss(x, y)
        g = {}
        d = 2 * self.error / len(y)  #! d = self.error / len(y)
        g["v"] = self.hs[-1].T @ d  #! g["v"] = self.hs[-2].T @ d
        dh = np.outer(d, self.params["v"])
        for i in reversed(range(self.depth)):
            dz = dh * relu_slope(self.zs[i])  #! dz = dh || dz = dh * relu_slope(self.hs[i])
            g[f"W{i}"] = self.hs[i].T @ dz  #! g[f"W{i}"] = self.hs[i + 1].T @ dz
            dh = dh + dz @ self.params[f"W{i}"].T  #! dh = dz @ self.params[f"W{i}"].T || dh = dh + dz @ self.params[f"W{i}"] || dh = dh - dz @ self.params[f"W{i}"].T
        return g


def subject(rng):
    return {"target": Residual(rng), "batch": (rng.normal(size=(6, 4)), rng.normal(size=6))}
