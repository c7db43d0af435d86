import numpy as np


class GCN:
    def __init__(self, rng, adjacency):
        deg = adjacency.sum(axis=1)
        self.A = adjacency / np.sqrt(np.outer(deg, deg))
        self.theta = [rng.normal(size=(3, 4)), rng.normal(size=(4, 2))]

    @property
    def params(self):
        return {"theta0": self.theta[0], "theta1": self.theta[1]}

    def logits(self, X):
        self.AX = self.A @ X
        self.Z = self.AX @ self.theta[0]
        self.H = np.where(self.Z > 0, self.Z, np.exp(self.Z) - 1)
        return self.A @ self.H @ self.theta[1]

    def loss(self, X, y):
        F = self.logits(X)
        self.prob = np.exp(F) / np.exp(F).sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.prob[range(len(y)), y]))

    def gradient(self, X, y):
        self.loss(X, y)
        dF = self.prob.copy()
        dF[range(len(y)), y] -= 1
        dF /= len(y)  #! dF /= 2
        g1 = (self.A @ self.H).T @ dF  #! g1 = self.H.T @ dF
        dH = self.A.T @ dF @ self.theta[1].T  #! dH = dF @ self.theta[1].T || dH = -self.A.T @ dF @ self.theta[1].T
        dZ = dH * np.where(self.Z > 0, 1, np.exp(self.Z))  #! dZ = dH * (self.Z > 0) || dZ = dH * np.where(self.Z > 0, 1, self.H) || dZ = dH * np.exp(self.Z)
        return {"theta0": self.AX.T @ dZ, "theta1": g1}  #! return {"theta0": X.T @ dZ, "theta1": g1}


def subject(rng):
    links = np.array([[1.0, 1, 0, 1, 0], [1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [1, 0, 1, 1, 1], [0, 0, 0, 1, 1]])
    return {"target": GCN(rng, links), "batch": (rng.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1]))}
