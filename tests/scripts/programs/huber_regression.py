import numpy as np

np.random.seed(23)
X = np.random.randn(20, 4) * [1, 5, 0.2, 2]
y = X @ np.array([1.0, 0.5, -2.0, 0.3]) + np.random.standard_t(2, size=20)
X = (X - X.mean(0)) / X.std(0)
w = np.array([0.1, 0.2, -0.1, 0.3])
b = 0.5
delta = 1.0
for i in range(3000):
    r = X @ w + b - y
    small = np.abs(r) <= delta
    loss = np.mean(np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))
    g = np.where(small, r, delta * np.sign(r)) / len(y)
    gw = X.T @ g
    gb = g.sum()
    w = w - 0.1 * gw
    b = b - 0.1 * gb
    if i % 300 == 0:
        print(loss)
