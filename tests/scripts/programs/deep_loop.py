import numpy as np

rng = np.random.RandomState(25)
dims = [5, 8, 6, 4, 3]
L = len(dims) - 1
X = rng.randn(12, dims[0])
Y = np.eye(3)[rng.randint(3, size=12)]
W = [rng.randn(dims[i], dims[i + 1]) * np.sqrt(2.0 / dims[i]) for i in range(L)]
b = [np.zeros(dims[i + 1]) for i in range(L)]
lr, slope = 0.05, 0.1

for epoch in range(2000):
    a = [X]
    z = []
    for l in range(L):
        z.append(a[l] @ W[l] + b[l])
        a.append(np.where(z[l] > 0, z[l], slope * z[l]) if l < L - 1 else z[l])
    e = np.exp(a[L] - a[L].max(axis=1, keepdims=True))
    prob = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(Y * np.log(prob)) / len(X)

    delta = (prob - Y) / len(X)
    dW, db = [None] * L, [None] * L
    for l in range(L - 1, -1, -1):
        dW[l] = a[l].T @ delta
        db[l] = delta.sum(axis=0)
        if l > 0:
            delta = (delta @ W[l].T) * np.where(z[l - 1] > 0, 1.0, slope)
    for l in range(L):
        W[l] -= lr * dW[l]
        b[l] -= lr * db[l]
    if epoch % 200 == 0:
        print(epoch, loss)
