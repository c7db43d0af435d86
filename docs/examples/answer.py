"""The accepted answer to `question.py`: an extra factor in `dz2`, RMSProp, a plot. It learns, with two mistakes."""

import matplotlib.pyplot as plt
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
s_w1, s_b1, s_w2, s_b2 = np.zeros_like(w1), np.zeros_like(b1), np.zeros_like(w2), np.zeros_like(b2)
rate, decay, eps = 0.01, 0.9, 1e-9
other_rate = 0.1

losses = []
for _ in range(20_000):
    z1 = w1 @ inputs + b1
    a1 = sigmoid(z1)
    z2 = w2 @ a1 + b2
    a2 = sigmoid(z2)
    loss = -np.sum(labels * np.log(a2) + (1.0 - labels) * np.log(1.0 - a2)) / samples
    losses.append(loss)

    dz2 = (a2 - labels) * sigmoid_slope(z2)
    dw2 = dz2 @ a1.T / samples
    db2 = np.sum(dz2, axis=1, keepdims=True) / samples
    dz1 = (w2.T @ dz2) * sigmoid_slope(z1)
    dw1 = dz1 @ inputs.T / samples
    db1 = np.sum(dz1, axis=1, keepdims=True) / samples

    s_w1 = decay * s_w1 + (1.0 - other_rate) * dw1**2
    s_b1 = decay * s_b1 + (1.0 - other_rate) * db1**2
    s_w2 = decay * s_w2 + (1.0 - other_rate) * dw2**2
    s_b2 = decay * s_b2 + (1.0 - other_rate) * db2**2
    w1 = w1 - rate * dw1 / (np.sqrt(s_w1) + eps)
    b1 = b1 - rate * db1 / (np.sqrt(s_b1) + eps)
    w2 = w2 - rate * dw2 / (np.sqrt(s_w2) + eps)
    b2 = b2 - rate * db2 / (np.sqrt(s_b2) + eps)

print(losses[-1], a2)
plt.semilogy(losses)
plt.xlabel("step")
plt.ylabel("loss")
plt.show()
