import numpy as np


def sig(a):
    return 1 / (1 + np.exp(-a))


class Cell:
    def __init__(self, rng, n=3, m=2):
        self.params = {k: rng.normal(size=(n + m, n)) / 2 for k in ("Wi", "Wf", "Wo", "Wg")}
        self.n = n

    def loss(self, xs, target):
        h, c = np.zeros(self.n), np.zeros(self.n)
        self.tape = []
        for x in xs:
            v = np.concatenate([h, x])
            i, f, o = (sig(v @ self.params[k]) for k in ("Wi", "Wf", "Wo"))
            g = np.tanh(v @ self.params["Wg"])
            old, c = c, f * c + i * g
            t = np.tanh(c)
            h = o * t
            self.tape.append((v, i, f, o, g, old, t))
        self.err = h - target
        return 0.5 * self.err @ self.err

    def gradient(self, xs, target):
        self.loss(xs, target)
        grads = {k: np.zeros_like(w) for k, w in self.params.items()}
        dh, dc = self.err, np.zeros(self.n)
        for v, i, f, o, g, old, t in reversed(self.tape):
            do = dh * t * o * (1 - o)  #! do = dh * t * (1 - o) || do = dh * t
            dc = dc + dh * o * (1 - t**2)  #! dc = dh * o * (1 - t**2) || dc = dc + dh * o * (1 - t)
            di = dc * g * i * (1 - i)  #! di = dc * i * (1 - i)
            df = dc * old * f * (1 - f)  #! df = dc * f * (1 - f)
            dg = dc * i * (1 - g**2)  #! dg = dc * i * g * (1 - g)
            dv = np.zeros_like(v)
            for key, d in (("Wi", di), ("Wf", df), ("Wo", do), ("Wg", dg)):
                grads[key] += np.outer(v, d)
                dv += self.params[key] @ d
            dh = dv[: self.n]
            dc = dc * f  #! dc = dc * i
        return grads


def subject(rng):
    return {"target": Cell(rng), "batch": (rng.normal(size=(4, 2)), rng.normal(size=3))}
