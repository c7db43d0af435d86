import numpy as np


class FactorizationMachine:
    def __init__(self, rng):
        self.w0, self.w, self.V = np.array(0.3), rng.normal(size=5), rng.normal(size=(5, 2))

    @property
    def params(self):
        return {"w0": self.w0, "w": self.w, "V": self.V}

    def predict(self, X):
        mixed = X @ self.V
        return self.w0 + X @ self.w + 0.5 * np.sum(mixed**2 - X**2 @ self.V**2, axis=1)

    def loss(self, X, y):
        return np.mean(np.log1p(np.exp(-y * self.predict(X))))

    def gradient(self, X, y):
        m = y * self.predict(X)
        d = -y / (1 + np.exp(m)) / len(y)  #! d = -y / (1 + np.exp(-m)) / len(y) || d = y / (1 + np.exp(m)) / len(y) || d = -y / (1 + np.exp(m))
        gV = X.T @ (d[:, None] * (X @ self.V)) - (X**2).T @ d[:, None] * self.V  #! gV = X.T @ (d[:, None] * (X @ self.V)) || gV = X.T @ (d[:, None] * (X @ self.V)) - X.T @ d[:, None] * self.V || gV = X.T @ (d[:, None] * (X @ self.V)) + (X**2).T @ d[:, None] * self.V
        return {"w0": d.sum(), "w": d @ X, "V": gV}  #! return {"w0": d.mean(), "w": d @ X, "V": gV}


def subject(rng):
    return {"target": FactorizationMachine(rng), "batch": (rng.normal(size=(7, 5)), rng.choice([-1.0, 1.0], size=7))}
