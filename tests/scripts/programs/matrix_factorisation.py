import numpy as np

rng = np.random.default_rng(8)
R = rng.integers(1, 6, size=(7, 9)).astype(float)
mask = (rng.random((7, 9)) < 0.6).astype(float)
U = rng.normal(size=(7, 3))
V = rng.normal(size=(9, 3))
lam = 0.1
lr = 0.01

for it in range(100000):
    pred = U @ V.T
    E = mask * (pred - R)
    objective = 0.5 * np.sum(E ** 2) + 0.5 * lam * (np.sum(U ** 2) + np.sum(V ** 2))
    if it % 100 == 0:
        print(it, objective)
    gU = E @ V + lam * U
    gV = E.T @ U + lam * V
    U = U - lr * gU
    V = V - lr * gV
