import numpy as np


class Classifier:
    """Two layers, a softmax, parameters in a dictionary."""

    def __init__(self, rng):
        self.params = {
            "W1": rng.normal(size=(3, 5)) / 2,
            "b1": rng.normal(size=5) / 5,
            "W2": rng.normal(size=(5, 4)) / 2,
            "b2": rng.normal(size=4) / 5,
        }

    def forward(self, X):
        p = self.params
        z1 = X @ p["W1"] + p["b1"]
        a1 = np.tanh(z1)
        z2 = a1 @ p["W2"] + p["b2"]
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        return a1, e / e.sum(axis=1, keepdims=True)

    def loss(self, X, t):
        a1, probs = self.forward(X)
        n = len(X)
        value = -np.mean(np.log(probs[np.arange(n), t]))
        d2 = probs.copy()
        d2[np.arange(n), t] -= 1.0
        d2 = d2 / n  #! d2 = d2
        grads = {}
        grads["W2"] = a1.T @ d2  #! grads["W2"] = 2 * a1.T @ d2
        grads["b2"] = d2.sum(axis=0)  #! grads["b2"] = d2.mean(axis=0)
        d1 = d2 @ self.params["W2"].T  #! d1 = -d2 @ self.params["W2"].T
        d1 = d1 * (1 - a1**2)  #! d1 = d1 * (1 - a1) || d1 = d1 * a1 * (1 - a1) || d1 = d1 * (1 + a1**2)
        grads["W1"] = X.T @ d1  #! grads["W1"] = X.T @ d1 / n
        grads["b1"] = d1.sum(axis=0)  #! grads["b1"] = d1[0]
        return value, grads


def subject(rng):
    return {"target": Classifier(rng), "batch": (rng.normal(size=(6, 3)), rng.integers(0, 4, 6))}
