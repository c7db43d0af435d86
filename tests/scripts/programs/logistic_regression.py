import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(30, 4))
true_w = np.array([1.5, -2.0, 0.5, 0.0])
y = (X @ true_w + 0.3 * rng.normal(size=30) > 0).astype(float)

w = 0.1 * rng.normal(size=4)
b = 0.0
lr = 0.1
m = len(y)

for epoch in range(5000):
    z = X @ w + b
    p = 1.0 / (1.0 + np.exp(-z))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    err = p - y
    dw = X.T @ err / m
    db = np.mean(err)

    w -= lr * dw
    b -= lr * db
    if epoch % 500 == 0:
        print("epoch", epoch, "loss", loss)
