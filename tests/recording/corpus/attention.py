import numpy as np


class Attention:
    def __init__(self, rng):
        d = 4
        self.Wq, self.Wk, self.Wv = (rng.normal(size=(d, d)) / 2 for _ in range(3))
        self.scale = 1 / np.sqrt(d)

    @property
    def params(self):
        return {"Wq": self.Wq, "Wk": self.Wk, "Wv": self.Wv}

    def forward(self, x):
        q, k, v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        s = q @ k.T * self.scale
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        self.cache = (x, q, k, v, p)
        return p @ v

    def loss(self, x, t):
        return 0.5 * np.sum((self.forward(x) - t) ** 2)

    def gradient(self, x, t):
        do = self.forward(x) - t
        x, q, k, v, p = self.cache
        dv = p.T @ do  #! dv = p @ do
        dp = do @ v.T
        ds = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))  #! ds = p * dp || ds = p * (1 - p) * dp || ds = p * (dp - np.mean(dp * p, axis=-1, keepdims=True))
        dq = ds @ k * self.scale  #! dq = ds @ k
        dk = ds.T @ q * self.scale  #! dk = ds @ q * self.scale
        return {"Wq": x.T @ dq, "Wk": x.T @ dk, "Wv": x.T @ dv}


def subject(rng):
    return {"target": Attention(rng), "batch": (rng.normal(size=(5, 4)), rng.normal(size=(5, 4)))}
