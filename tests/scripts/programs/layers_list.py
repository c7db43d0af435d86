import numpy as np


class Dense:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0, 1 / np.sqrt(n_in), size=(n_in, n_out))
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T

    def update(self, lr):
        self.W -= lr * self.dW
        self.b -= lr * self.db


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad):
        return grad * (1 - self.y**2)

    def update(self, lr):
        pass


def mse(pred, target):
    return np.mean((pred - target) ** 2)


def mse_grad(pred, target):
    return 2 * (pred - target) / pred.size


rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, size=(20, 3))
t = np.sin(x).sum(axis=1, keepdims=True) * np.array([[1.0, -0.5]])
layers = [Dense(3, 8, rng), Tanh(), Dense(8, 6, rng), Tanh(), Dense(6, 2, rng)]

for epoch in range(3000):
    out = x
    for layer in layers:
        out = layer.forward(out)
    loss = mse(out, t)
    grad = mse_grad(out, t)
    for layer in reversed(layers):
        grad = layer.backward(grad)
    for layer in layers:
        layer.update(0.05)
    if epoch % 300 == 0:
        print(epoch, loss)
