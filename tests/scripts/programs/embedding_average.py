import numpy as np

rng = np.random.default_rng(21)
docs = [[0, 3, 3, 5], [1, 2], [4, 6, 7], [7, 0, 1, 2, 5]]
y = np.array([1.0, 0.0, 1.0, 0.0])
E = rng.normal(size=(8, 3)) * 0.7
w = rng.normal(size=3)
b = 0.1
lr = 0.5

for it in range(5000):
    h = np.array([E[d].mean(axis=0) for d in docs])
    logit = h @ w + b
    prob = 1 / (1 + np.exp(-logit))
    loss = -np.mean(y * np.log(prob) + (1 - y) * np.log(1 - prob))

    dlogit = (prob - y) / len(docs)
    dw = h.T @ dlogit
    db = dlogit.sum()
    dh = np.outer(dlogit, w)
    dE = np.zeros_like(E)
    for i, d in enumerate(docs):
        np.add.at(dE, d, dh[i] / len(d))

    E -= lr * dE
    w -= lr * dw
    b -= lr * db
    if it % 1000 == 0:
        print(loss)
