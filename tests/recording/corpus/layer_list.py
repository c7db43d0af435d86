import numpy as np


class Dense:
    def __init__(self, rng, n, m):
        self.weight = rng.normal(size=(n, m)) / np.sqrt(n)
        self.bias = rng.normal(size=m) / 10

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, dout):
        self.dweight = self.x.T @ dout  #! self.dweight = self.x.T @ dout * 2 || self.dweight = self.x.T @ dout**2
        self.dbias = dout.sum(axis=0)  #! self.dbias = -dout.sum(axis=0)
        return dout @ self.weight.T  #! return dout @ self.weight.T / len(dout)


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * self.out * (1 - self.out)  #! return dout * self.out || return dout * (1 - self.out) || return dout


class Model:
    def __init__(self, rng):
        self.layers = [Dense(rng, 4, 6), Sigmoid(), Dense(rng, 6, 5), Sigmoid(), Dense(rng, 5, 2)]
        self.dense = [layer for layer in self.layers if hasattr(layer, "weight")]

    @property
    def params(self):
        found = {}
        for i, layer in enumerate(self.dense):
            found[f"w{i}"] = layer.weight
            found[f"b{i}"] = layer.bias
        return found

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, y):
        self.residual = self.forward(x) - y
        return np.mean(self.residual**2)

    def gradient(self, x, y):
        self.loss(x, y)
        dout = 2 * self.residual / self.residual.size  #! dout = 2 * self.residual / len(self.residual)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        found = {}
        for i, layer in enumerate(self.dense):
            found[f"w{i}"] = layer.dweight
            found[f"b{i}"] = layer.dbias
        return found


def subject(rng):
    return {"target": Model(rng), "batch": (rng.normal(size=(7, 4)), rng.normal(size=(7, 2)))}
