"""Train five hidden units on XOR by plain gradient descent. The loss stays at 0.6931 for a million steps."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_slope(z):
    return sigmoid(z) * (1.0 - sigmoid(z))


inputs = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])  # one column a sample
labels = np.array([[0.0, 1.0, 1.0, 0.0]])
samples = labels.size

rng = np.random.default_rng(0)
w1, b1 = 0.01 * rng.standard_normal((5, 2)), np.zeros((5, 1))
w2, b2 = 0.01 * rng.standard_normal((1, 5)), np.zeros((1, 1))
rate = 0.03

for step in range(1_000_000):
    z1 = w1 @ inputs + b1
    a1 = sigmoid(z1)
    z2 = w2 @ a1 + b2
    a2 = sigmoid(z2)
    loss = -np.sum(labels * np.log(a2) + (1.0 - labels) * np.log(1.0 - a2)) / samples

    dz2 = a2 - labels
    dw2 = dz2 @ a1.T / samples
    db2 = np.sum(dz2, axis=1, keepdims=True) / samples
    dz1 = (w2.T @ dz2) * sigmoid_slope(z1)
    dw1 = dz1 @ inputs.T / samples
    db1 = np.sum(dz1, axis=1, keepdims=True) / samples

    w1 = w1 - rate * dw1
    b1 = b1 - rate * db1
    w2 = w2 - rate * dw2
    b2 = b2 - rate * db2
    if step % 100_000 == 0:
        print(step, loss)
