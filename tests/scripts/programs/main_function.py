import numpy as np


def forward(X, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2 + b2
    return Z1, A1, Z2


def compute_loss(pred, target):
    return np.mean(np.square(pred - target))


def backward(X, target, W2, Z1, A1, Z2):
    n = target.size
    dZ2 = 2 * (Z2 - target) / n
    dW2 = A1.T @ dZ2
    db2 = np.sum(dZ2, axis=0)
    dA1 = dZ2 @ W2.T
    dZ1 = np.where(Z1 > 0, dA1, 0)
    dW1 = X.T @ dZ1
    db1 = np.sum(dZ1, axis=0)
    return dW1, db1, dW2, db2


def main():
    rng = np.random.default_rng(33)
    X = rng.uniform(-1, 1, (15, 3))
    target = np.stack([X.sum(axis=1), X.prod(axis=1)], axis=1)
    W1, b1 = rng.normal(size=(3, 7)), rng.normal(size=7) * 0.1
    W2, b2 = rng.normal(size=(7, 2)), np.zeros(2)
    lr = 0.02
    losses = []
    for epoch in range(5000):
        Z1, A1, Z2 = forward(X, W1, b1, W2, b2)
        dW1, db1, dW2, db2 = backward(X, target, W2, Z1, A1, Z2)
        W1 -= lr * dW1
        b1 -= lr * db1
        W2 -= lr * dW2
        b2 -= lr * db2
        losses.append(compute_loss(forward(X, W1, b1, W2, b2)[2], target))
    print(losses[-1])


if __name__ == "__main__":
    main()
