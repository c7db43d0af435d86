import numpy as np


class SkipGram:
    """Negative sampling: one centre word, one context word, some noise words."""

    def __init__(self, rng, words=6, size=3):
        self.inner, self.outer = rng.normal(size=(words, size)), rng.normal(size=(words, size))

    @property
    def params(self):
        return {"inner": self.inner, "outer": self.outer}

    def scores(self, centre, context, noise):
        v = self.inner[centre]
        return v, 1 / (1 + np.exp(-self.outer[context] @ v)), 1 / (1 + np.exp(self.outer[noise] @ v))

    def loss(self, centre, context, noise):
        _, p, q = self.scores(centre, context, noise)
        return -np.log(p) - np.log(q).sum()

    def gradient(self, centre, context, noise):
        v, p, q = self.scores(centre, context, noise)
        d_in, d_out = np.zeros_like(self.inner), np.zeros_like(self.outer)
        pull = (p - 1) * self.outer[context]  #! pull = p * self.outer[context]
        pull = pull + (1 - q) @ self.outer[noise]  #! pull = pull + q @ self.outer[noise] || pull = pull - (1 - q) @ self.outer[noise]
        d_in[centre] = pull
        d_out[context] += (p - 1) * v  #! d_out[context] += (1 - p) * v
        np.add.at(d_out, noise, np.outer(1 - q, v))  #! np.add.at(d_out, noise, np.outer(q, v)) || d_out[noise] = np.outer(1 - q, v)
        return {"inner": d_in, "outer": d_out}


def subject(rng):
    return {"target": SkipGram(rng), "batch": (2, 4, np.array([0, 1, 3, 1]))}
