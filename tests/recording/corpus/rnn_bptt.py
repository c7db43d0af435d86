import numpy as np


class Recurrent:
    def __init__(self, rng):
        self.params = {
            "Wx": rng.normal(size=(3, 4)) / 2,
            "Wh": rng.normal(size=(4, 4)) / 3,
            "bh": rng.normal(size=4) / 5,
            "Wy": rng.normal(size=(4, 2)) / 2,
        }

    def run(self, xs):
        p = self.params
        hs = [np.zeros(4)]
        ys = []
        for x in xs:
            h = np.tanh(x @ p["Wx"] + hs[-1] @ p["Wh"] + p["bh"])
            hs.append(h)
            ys.append(h @ p["Wy"])
        return hs, ys

    def loss(self, xs, ts):
        hs, ys = self.run(xs)
        total = 0.0
        for y, t in zip(ys, ts):
            total += 0.5 * np.sum((y - t) ** 2)
        return total

    def gradient(self, xs, ts):
        p = self.params
        hs, ys = self.run(xs)
        g = {k: np.zeros_like(v) for k, v in p.items()}
        dh_next = np.zeros(4)
        for t in reversed(range(len(xs))):
            dy = ys[t] - ts[t]  #! dy = 2 * (ys[t] - ts[t])
            g["Wy"] += np.outer(hs[t + 1], dy)  #! g["Wy"] += np.outer(hs[t], dy)
            dh = p["Wy"] @ dy + dh_next  #! dh = p["Wy"] @ dy || dh = p["Wy"] @ dy - dh_next
            dz = dh * (1 - hs[t + 1] ** 2)  #! dz = dh * (1 - hs[t] ** 2) || dz = dh * (1 - hs[t + 1])
            g["Wx"] += np.outer(xs[t], dz)
            g["Wh"] += np.outer(hs[t], dz)  #! g["Wh"] += np.outer(hs[t + 1], dz) || g["Wh"] = np.outer(hs[t], dz)
            g["bh"] += dz  #! g["bh"] += dh
            dh_next = p["Wh"] @ dz  #! dh_next = p["Wh"].T @ dz
        return g


def subject(rng):
    return {"target": Recurrent(rng), "batch": (rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))}
