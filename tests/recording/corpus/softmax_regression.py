import numpy as np


def softmax(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis=1, keepdims=True)


class SoftmaxRegression:
    def __init__(self, rng, decay=0.05):
        self.params = {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}
        self.decay = decay

    def loss(self, X, labels):
        self.p = softmax(X @ self.params["W"] + self.params["b"])
        chosen = self.p[np.arange(len(labels)), labels]
        return -np.log(chosen).mean() + 0.5 * self.decay * np.sum(self.params["W"] ** 2)

    def gradient(self, X, labels):
        self.loss(X, labels)
        delta = self.p.copy()
        delta[np.arange(len(labels)), labels] -= 1  #! delta[np.arange(len(labels)), labels] -= 2 || delta[np.arange(len(labels)), labels] += 1
        delta /= len(labels)  #! delta /= 3
        dW = X.T @ delta + self.decay * self.params["W"]  #! dW = X.T @ delta || dW = X.T @ delta + 2 * self.decay * self.params["W"] || dW = X.T @ delta - self.decay * self.params["W"]
        return {"W": dW, "b": delta.sum(axis=0)}  #! return {"W": dW, "b": delta.mean(axis=0)}


def subject(rng):
    return {"target": SoftmaxRegression(rng), "batch": (rng.normal(size=(7, 4)), rng.integers(0, 3, size=7))}
