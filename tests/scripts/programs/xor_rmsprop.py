import numpy as np

rng = np.random.RandomState(1)
X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
Y = np.array([[0.0, 1.0, 1.0, 0.0]])
m = 4


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_derivative(z):
    s = sigmoid(z)
    return s * (1.0 - s)


w1 = 0.01 * rng.randn(5, 2)
b1 = np.zeros((5, 1))
w2 = 0.01 * rng.randn(1, 5)
b2 = np.zeros((1, 1))
alpha, beta, eps = 0.01, 0.9, 1e-8
s_w1, s_b1, s_w2, s_b2 = (np.zeros_like(a) for a in (w1, b1, w2, b2))

for epoch in range(20000):
    z1 = w1 @ X + b1
    a1 = sigmoid(z1)
    z2 = w2 @ a1 + b2
    a2 = sigmoid(z2)
    cost = -np.sum(Y * np.log(a2) + (1 - Y) * np.log(1 - a2)) / m

    dz2 = a2 - Y
    dw2 = dz2 @ a1.T / m
    db2 = np.sum(dz2, axis=1, keepdims=True) / m
    da1 = w2.T @ dz2
    dz1 = da1 * sigmoid_derivative(z1)
    dw1 = dz1 @ X.T / m
    db1 = np.sum(dz1, axis=1, keepdims=True) / m

    s_w1 = beta * s_w1 + (1 - beta) * dw1**2
    s_b1 = beta * s_b1 + (1 - beta) * db1**2
    s_w2 = beta * s_w2 + (1 - beta) * dw2**2
    s_b2 = beta * s_b2 + (1 - beta) * db2**2
    w1 -= alpha * dw1 / (np.sqrt(s_w1) + eps)
    b1 -= alpha * db1 / (np.sqrt(s_b1) + eps)
    w2 -= alpha * dw2 / (np.sqrt(s_w2) + eps)
    b2 -= alpha * db2 / (np.sqrt(s_b2) + eps)
    if epoch % 1000 == 0:
        print(epoch, cost)
